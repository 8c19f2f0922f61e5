/** A topic of this name that is this very one, not a namesake created after it was deleted. */
export interface TopicIdentity {
  topic: string
  /** The broker's own identity of the incarnation (Kafka: topic id; JetStream: `created`). */
  incarnationId: string
}

/** How far a partition is archived. */
export interface AcknowledgedPosition {
  topic: string
  partition: number
  next: bigint
  /** Stored beside the position where the broker has a place for it. */
  note?: string
}
