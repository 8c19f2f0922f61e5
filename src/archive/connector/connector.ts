import type { Routing } from '../../format/log-entry.ts'

/** What to capture and how: a connector's JSON after every property was checked. */
export interface Connector {
  name: string
  /** Names; empty when `topicsRegex` chooses. */
  topics: string[]
  /** Chooses topics by name, the whole name (`topics.regex`); null when they are named. */
  topicsRegex: RegExp | null
  /** Tasks, which are threads, of one instance at most (`tasks.max`); null: as configured. */
  tasksMax: number | null
  errors: ErrorHandling
  /** What a tombstone becomes (`behavior.on.null.values`). */
  nullValues: 'write' | 'ignore' | 'fail'
  routing: Routing
  rotation: Rotation
  /** The store its `s3.*` properties name; null when there are none. Configuration overrides it. */
  s3: ConnectorS3 | null
  /** What was read otherwise than the sink would, or not at all; one sentence each, for the log. */
  warnings: string[]
}

/** When the open segments of a partition close. Whatever comes first; null: never for that reason. */
export interface Rotation {
  /** Records in one segment (`flush.size`). */
  flushSize: number | null
  /** Span of record time (`rotate.interval.ms`). */
  intervalMs: number | null
  /** Wall-clock time since the first record (`rotate.schedule.interval.ms`). */
  scheduleIntervalMs: number | null
  /** Wall-clock time without a new record (`rotate.idle.ms`). */
  idleMs: number
  /** Memory that the open segments of a partition may hold (`segment.max.bytes`). */
  maxBytes: number
}

/** What becomes of records that cannot be archived (`errors.*`). */
export interface ErrorHandling {
  /** `none`: the partition stops at the record. `all`: it is a gap with its reason, and capture goes on. */
  tolerance: 'none' | 'all'
  /** With `all`: topic that gets such records (`errors.deadletterqueue.topic.name`). */
  deadLetterTopic: string | null
}

export interface ConnectorS3 {
  bucket: string
  region: string | null
  /** `store.url`: an endpoint other than AWS. */
  endpoint: string | null
  accessKeyId: string | null
  secretAccessKey: string | null
  /** `s3.path.style.access.enabled`: address the bucket below the endpoint; null: as configuration says. */
  forcePathStyle: boolean | null
}

/** The group that lag tools know the connector by; the name Kafka Connect gives a sink's group. */
export function consumerGroupOf(connector: Pick<Connector, 'name'>): string {
  return `connect-${connector.name}`
}
