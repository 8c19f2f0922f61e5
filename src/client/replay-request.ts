/** What a replay is asked for. Offsets are decimal strings; times are ISO 8601 with a zone, or epoch milliseconds. */
export interface ReplayRequest {
  /** Name of the replay, a-z, 0-9 and `-`; one is made up when it is left out. The same id and selection again continues it. */
  id?: string
  source: ReplaySource | { selection: string }
  target: ReplayTarget
  /** `partition` (default): as the source's partitions have them. `key`: partitioned anew. `time`: merged by timestamp. */
  order?: 'partition' | 'key' | 'time'
  rate?: ReplayRate
  transform?: ReplayTransform
  /** Codes of findings that are known and accepted. */
  accept?: readonly string[]
}

/** The archived records to emit; every condition must hold. */
export interface ReplaySource {
  topic?: string
  /** Several topics, instead of one. */
  topics?: readonly string[]
  /** Which of the topics of this name; the latest unless told. */
  incarnation?: number
  partitions?: readonly number[]
  /** Record timestamps, `to` not included. */
  time?: { from?: string | number; to?: string | number }
  /** Per partition, `to` not included. */
  offsets?: { from?: Readonly<Record<string, string>>; to?: Readonly<Record<string, string>> }
  keys?: { in?: readonly string[]; prefix?: readonly string[]; encoding?: 'utf8' | 'base64' }
  headers?: readonly { key: string; value: string | null }[]
  /** SQL over the row columns. */
  where?: string
  /** `live`: go on from the archive up to what the broker's end is at the start. */
  to?: 'live'
}

export interface ReplayTarget {
  /** Created when it does not exist; refused when it holds records. */
  topic?: string
  /** One target for each source topic, instead of one for all. */
  topics?: Readonly<Record<string, string>>
  partitions?: number
  /** Topic settings over the safe ones. */
  config?: Readonly<Record<string, string>>
}

/** One of these. `speed`: a multiple of the speed at which the records were first written. */
export type ReplayRate = { recordsPerSecond: number } | { bytesPerSecond: number } | { speed: number }

export interface ReplayTransform {
  upcaster?: string
  /** Add headers that say where a record comes from. */
  stamp?: boolean
  dropHeaders?: readonly string[]
  deadLetterTopic?: string
  maxDeadLetters?: number
}
