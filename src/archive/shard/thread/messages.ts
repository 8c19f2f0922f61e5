import type { MessagePort } from 'node:worker_threads'
import type { CommittedRange } from '../../partition/commit-queue.ts'
import type { PartitionOrder, PartitionPlace, PartitionStatus } from '../shard.ts'
import type { ErrorMessage } from './error-message.ts'

/** What a thread that serves shards is told. A request says what a shard is to be made of; the rest is said at its port. */
export type ToThread<Request> =
  | { kind: 'serve'; request: Request; port: MessagePort }
  | { kind: 'limit-memory'; maxBytes: number }
  /** It has served its last shard. */
  | { kind: 'end' }

/** What the owner of a shard asks, by structured clone. Calls are answered by their number. */
export type ToShard =
  | { kind: 'take'; call: number; orders: readonly PartitionOrder[] }
  | { kind: 'release'; call: number; places: readonly PartitionPlace[] }
  | { kind: 'close'; call: number }

/** What the shard tells. `ready` or `refused` comes first; `status` whenever it has changed, but not too often. */
export type FromShard =
  | { kind: 'ready' }
  /** It could not be opened, and its port closes. */
  | { kind: 'refused'; error: ErrorMessage }
  | { kind: 'answer'; call: number; error: ErrorMessage | null }
  | { kind: 'status'; partitions: readonly PartitionStatus[] }
  | { kind: 'committed'; range: CommittedRange & PartitionPlace }
  | { kind: 'finished'; place: PartitionPlace }
  | { kind: 'failed'; place: PartitionPlace | null; error: ErrorMessage }
