import { randomUUID } from 'node:crypto'
import type { Connector } from '../archive/connector/connector.ts'
import { CommitLog } from '../catalog/commit-log.ts'
import { concurrently } from '../catalog/concurrently.ts'
import { listIncarnations, resolveIncarnation } from '../catalog/incarnations.ts'
import { LogReader } from '../catalog/log-reader.ts'
import { listPartitions } from '../catalog/snapshot.ts'
import { ConflictError, InvalidInputError } from '../errors.ts'
import { packGaps } from '../format/gap-set.ts'
import { explain, type Gap } from '../format/gaps.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** A partition's next offset to archive. */
export interface PartitionOffset {
  topic: string
  partition: number
  next: bigint
}

export interface OffsetParts {
  connector: Connector
  store: ObjectStore
  eventLog: Pick<EventLog, 'describe' | 'bounds'>
  clock: Clock
}

/** Where the archive stands in the topics, by the commit logs of their latest incarnations; what was never archived is left out. */
export async function archivedOffsets(store: ObjectStore, topics: readonly string[]): Promise<PartitionOffset[]> {
  const found = await concurrently(topics, 8, async (topic) => {
    const latest = (await listIncarnations(store, topic)).at(-1)
    if (latest === undefined) return []
    const { incarnation } = latest
    return concurrently(await listPartitions(store, topic, incarnation), 8, async (partition) => {
      const reader = new LogReader(store, { topic, incarnation, partition })
      const { archived } = await reader.headAt(await reader.entries.count())
      return archived === null ? [] : [{ topic, partition, next: archived.next }]
    })
  })
  return found.flat(2)
}

/**
 * Moves partitions forward: the offsets in between become gaps with the reason `skipped`. All are looked at before any is
 * moved. Throws InvalidInputError `offset-not-forward`, `offset-unknown` for what is not there; ConflictError
 * `capture-unfinished` when a commit is open or another writer moved the log meanwhile.
 */
export async function skipForward(parts: OffsetParts, targets: readonly PartitionOffset[]): Promise<void> {
  const moves = await concurrently(targets, 8, (target) => planMove(parts, target))
  await concurrently(moves, 8, (move) => skip(parts, move))
}

interface Move {
  log: CommitLog
  from: bigint
  next: bigint
  /** First offset that the broker still has: what lies below was not skipped but lost before. */
  first: bigint
}

async function planMove({ store, eventLog, clock }: OffsetParts, target: PartitionOffset): Promise<Move> {
  const { topic, partition, next } = target
  const [info] = await eventLog.describe([topic])
  if (info === undefined || partition >= info.partitions) throw unknownPartition(target)
  const incarnation = await resolveIncarnation(store, info, clock)
  const [bounds] = await eventLog.bounds(info, [partition])
  const log = await CommitLog.open({ store, key: { topic, incarnation, partition }, writer: randomUUID(), clock })
  if (log.head.openIntent !== null) throw unfinished(target)
  const from = log.head.archived?.next ?? bounds!.first
  if (next < from) throw notForward(target, from)
  if (next > bounds!.end) throw beyondEnd(target, bounds!.end)
  return { log, from, next, first: bounds!.first }
}

async function skip({ connector }: OffsetParts, { log, from, next, first }: Move): Promise<void> {
  if (next === from) return
  const skipped: Gap[] =
    next > first ? [{ reason: 'skipped', firstOffset: from > first ? from : first, lastOffset: next - 1n }] : []
  const gaps = packGaps(explain([{ firstOffset: from, lastOffset: next - 1n }], skipped, first))
  const intent = log.head.nextSeq
  const outcome = await log.intend({ from, next, routing: connector.routing, segments: [], gaps })
  if (outcome === 'lost' || (await log.commit({ intent, segments: [], gaps })) === 'lost') throw unfinished(log.key)
}

type PartitionName = Pick<PartitionOffset, 'topic' | 'partition'>

function unknownPartition({ topic, partition }: PartitionName): InvalidInputError {
  return new InvalidInputError('offset-unknown', `the broker has no partition ${partition} of the topic ${topic}`, {
    remedy: 'Name a partition that exists.',
  })
}

function beyondEnd({ topic, partition, next }: PartitionOffset, end: bigint): InvalidInputError {
  return new InvalidInputError(
    'offset-unknown',
    `offset ${next} lies beyond the end of ${topic}-${partition}, whose next offset is ${end}`,
    { remedy: `Name an offset up to ${end}.` },
  )
}

function notForward({ topic, partition, next }: PartitionOffset, position: bigint): InvalidInputError {
  return new InvalidInputError(
    'offset-not-forward',
    `${topic}-${partition} is archived up to offset ${position}; it cannot go back to ${next}, because the archive keeps its history and the same records would be in it twice`,
    {
      remedy: `Name an offset above ${position} to pass records over. To emit archived records again, create a replay.`,
    },
  )
}

function unfinished({ topic, partition }: PartitionName): ConflictError {
  return new ConflictError(
    'capture-unfinished',
    `${topic}-${partition} is still being committed: tasks of the connector haven't stopped completely yet, or were interrupted`,
    {
      remedy:
        'Try again in a while. If that does not help, resume the connector, so that the commit is finished, and stop it again.',
    },
  )
}
