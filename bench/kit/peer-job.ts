import type { BenchStage } from './stage.ts'

/** What a peer that captures is told, as JSON in its only argument. It prints JSON that says how long its work took. */
export interface PeerJob {
  brokers: string
  topic: string
  partitions: number
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  bucket: string
  /** Records of a file, where its hour has so many. */
  flushSize: number
}

/** What a peer that replays is told. */
export interface ReplayJob extends PeerJob {
  /** The topic that the records go to. */
  target: string
  /** Records of a transaction. */
  transactionRecords: number
  /** How the target's batches are compressed; zstd at level 1. */
  codec: TargetCodec
}

export type TargetCodec = 'none' | 'zstd'

/** The job of a peer on this stage. */
export function peerJob(
  { kafka, s3 }: BenchStage,
  work: Pick<PeerJob, 'topic' | 'partitions' | 'bucket' | 'flushSize'>,
): PeerJob {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3
  return { brokers: kafka.brokers.join(','), endpoint, region, accessKeyId, secretAccessKey, ...work }
}

/** What a peer printed. */
export interface PeerResult {
  seconds: number
}
