import type { CommittedRange } from '../../partition/commit-queue.ts'
import type { PartitionOrder, PartitionPlace, PartitionStatus } from '../shard.ts'
import type { ErrorMessage } from './error-message.ts'

/** What the owner of a thread's shard asks, by structured clone. Calls are answered by their number. */
export type ToThread =
  | { kind: 'take'; call: number; orders: readonly PartitionOrder[] }
  | { kind: 'release'; call: number; places: readonly PartitionPlace[] }
  | { kind: 'close'; call: number }
  | { kind: 'limit-memory'; maxBytes: number }

/** What the thread tells. `ready` comes first; `status` whenever it has changed, but not too often. */
export type FromThread =
  | { kind: 'ready' }
  | { kind: 'answer'; call: number; error: ErrorMessage | null }
  | { kind: 'status'; partitions: readonly PartitionStatus[] }
  | { kind: 'committed'; range: CommittedRange & PartitionPlace }
  | { kind: 'finished'; place: PartitionPlace }
  | { kind: 'failed'; place: PartitionPlace | null; error: ErrorMessage }
