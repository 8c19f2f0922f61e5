/** What a peer is told, as JSON in its only argument. It prints JSON with `records` and `seconds`. */
export interface PeerJob {
  brokers: string
  topic: string
  partitions: number
  /** The topic a replay goes to; not used by a capture. */
  target: string
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  bucket: string
  /** Records of a file, where its hour has so many. */
  flushSize: number
  /** Records of a transaction. */
  transactionRecords: number
}

/** What a peer printed. */
export interface PeerResult {
  records: number
  seconds: number
}
