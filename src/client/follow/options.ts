import type { ConsumerConfig, Kafka, KafkaMessage } from 'kafkajs'
import type { Coldstream } from '../coldstream.ts'
import type { ReplayRequest } from '../replay-request.ts'

/** `rebuild`: records come from the replay's target. `follow`: they come live from the source. */
export type Phase = 'rebuild' | 'follow'

/** Records of one partition, in their order and without anything between them that could be seen. */
export interface RecordRun {
  /** The replay's target while rebuilding, the source while following; the same goes for the offsets. */
  topic: string
  partition: number
  messages: readonly KafkaMessage[]
}

export interface RebuildThenFollowOptions {
  client: Coldstream
  /** Codecs are the caller's: register `zstdCodec`, in which replays write. */
  kafka: Kafka
  /** A request with an id: the replay is created, or found again after a restart. Or the id of one that is there. */
  replay: (ReplayRequest & { id: string }) | string
  /**
   * Belongs to the model: what the group has committed is taken to be in it. A model that is made anew needs another name
   * (or its group's offsets deleted).
   */
  groupId: string
  /**
   * Puts records into the model. Offsets are committed after it returned, so after a crash the last run may come again: keep the
   * position (topic, partition, offset) with the model, in the same transaction, and pass over what is below it. When it
   * throws, everything ends with its error, and nothing of the run is committed.
   */
  apply: (run: RecordRun, phase: Phase) => Promise<void> | void
  /** Called when a phase begins: `follow` once the model holds everything that was replayed. */
  onPhase?: (phase: Phase) => void
  /** Ends it in good order. */
  signal: AbortSignal
  /** For the consumers, over what is needed. */
  consumer?: Omit<ConsumerConfig, 'groupId' | 'readUncommitted'>
}
