import { PartitionCommitter } from '../../../src/archive/commit/commit-protocol.ts'
import type { Recovery, SealedRange } from '../../../src/archive/commit/sealed.ts'
import { CommitLog } from '../../../src/catalog/commit-log.ts'
import { UnavailableError } from '../../../src/errors.ts'
import { type Gap, mergeGaps } from '../../../src/format/gaps.ts'
import type { Routing } from '../../../src/format/log-entry.ts'
import type { PlannedSegment } from '../../../src/format/segment.ts'
import type { ObjectStore } from '../../../src/ports/object-store.ts'
import type { SimulatedBroker } from './simulation-broker.ts'
import type { Actor } from './simulation-scheduler.ts'
import { StoreView, type World } from './simulation-store.ts'
import { buildToy, type ToyRow, toyDescriber } from './toy-segment.ts'

const KEY = { topic: 't', incarnation: 1, partition: 0 }
export const ENTRIES_PER_CHECKPOINT = 4
const ROUTING: Routing = {
  topicsDir: 'topics',
  pathFormat: "'hour'=HH",
  timezone: 'UTC',
  partitionDurationMs: 3_600_000,
  timestampField: null,
  codec: 'zstd',
}

/** A capture of the simulated partition, with a rotation rule of its own; ends when everything is archived. */
export async function capture(world: World, broker: SimulatedBroker, actor: Actor): Promise<void> {
  const { random } = world.scheduler
  const store = new StoreView(world, actor)
  const maxOffsets = random.between(1, 12)
  const namesCompacted = random.chance(0.5)
  for (;;) {
    try {
      const log = await CommitLog.open({
        store,
        key: KEY,
        writer: actor.name,
        clock: { nowMs: () => world.scheduler.step, sleep: () => Promise.resolve() },
        entriesPerCheckpoint: ENTRIES_PER_CHECKPOINT,
      })
      const committer = new PartitionCommitter({
        store,
        log,
        describer: toyDescriber,
        brokerFirst: async () => BigInt(broker.first),
        buildEmpty: () => buildToy([]),
      })
      for (;;) {
        while (committer.state.openIntent) await committer.finish(recovery(world, broker, actor))
        const from = Number(committer.state.archived?.next ?? broker.first)
        if (from >= broker.end) return
        const sealed = await fill(world, broker, actor, from, random.between(1, maxOffsets), namesCompacted)
        await commit(world, committer, sealed, store)
      }
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
    }
  }
}

async function commit(
  world: World,
  committer: PartitionCommitter,
  sealed: SealedRange,
  store: ObjectStore,
): Promise<void> {
  if (world.sabotage === 'upload-before-intent') {
    for (const { path, build } of sealed.segments) await store.createIfAbsent(path, (await build()).chunks)
  }
  for (;;) {
    try {
      await committer.commit(sealed)
      return
    } catch (error) {
      if (!(error instanceof UnavailableError) || world.scheduler.random.chance(0.3)) throw error
    }
  }
}

/** Reads in several fetches, between which the broker may change. */
async function fill(
  world: World,
  broker: SimulatedBroker,
  actor: Actor,
  from: number,
  offsets: number,
  namesCompacted: boolean,
): Promise<SealedRange> {
  const next = Math.min(broker.end, from + offsets)
  const buckets = new Map<number, ToyRow[]>()
  const gaps: Gap[][] = []
  for (let at = from; at < next; ) {
    await world.scheduler.gate(actor)
    const until = Math.min(next, at + world.scheduler.random.between(1, 4))
    const read = broker.read(at, until)
    gaps.push(read.gaps.filter(({ reason }) => namesCompacted || reason !== 'compacted'))
    for (const { bucket, ...row } of read.rows) buckets.set(bucket, [...(buckets.get(bucket) ?? []), row])
    at = until
  }
  const segments = [...buckets].map(([bucket, rows]) => {
    const first = rows[0]!.offset
    return {
      path: `topics/t/hour=${bucket}/t+0+${String(first).padStart(10, '0')}.parquet`,
      firstOffset: BigInt(first),
      lastOffset: BigInt(rows.at(-1)!.offset),
      records: rows.length,
      build: () => buildToy(rows),
    }
  })
  return {
    from: BigInt(from),
    next: BigInt(next),
    routing: ROUTING,
    segments,
    gaps: mergeGaps([], ...gaps),
  }
}

function recovery(world: World, broker: SimulatedBroker, actor: Actor): Recovery {
  return {
    async rebuild(intent, missing) {
      const rows: (ToyRow & { bucket: number })[] = []
      const gaps: Gap[][] = []
      for (let at = Number(intent.from); at < Number(intent.next); at += 3) {
        await world.scheduler.gate(actor)
        const read = broker.read(at, Math.min(at + 3, Number(intent.next)))
        rows.push(...read.rows)
        gaps.push(read.gaps)
      }
      const segments = missing.map((planned) => [planned.path, buildToy(rowsOf(planned, rows))] as const)
      return { segments: new Map(segments), gaps: mergeGaps([], ...gaps) }
    },
  }
}

function rowsOf(
  { path, firstOffset, lastOffset }: PlannedSegment,
  rows: readonly (ToyRow & { bucket: number })[],
): ToyRow[] {
  return rows
    .filter((row) => path.includes(`/hour=${row.bucket}/`) && row.offset >= firstOffset && row.offset <= lastOffset)
    .map(({ offset, value }) => ({ offset, value }))
}
