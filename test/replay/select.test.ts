import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { loadTopic } from '../../src/catalog/snapshot.ts'
import { RecordCursor } from '../../src/format/record-batch/index.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { type LaneStream, runLane } from '../../src/replay/emit/lane.ts'
import { planTotals } from '../../src/replay/plan/plan.ts'
import { planReplay } from '../../src/replay/plan/plan-replay.ts'
import { streamRows } from '../../src/replay/read/stream.ts'
import type { ReplayJob } from '../../src/replay/request/request.ts'
import { readSelection, type Selection } from '../../src/replay/request/selection.ts'
import { Shape } from '../../src/replay/request/shape.ts'
import { MemoryStore } from '../catalog/memory-store.ts'
import { archiveCommit, type SourceRecord } from './archive.ts'

const topic = 'orders'
const hourMs = 3_600_000
const startMs = Date.UTC(2025, 0, 14)

/** Records as they came: each some offsets after the one before, at any time within four hours, now and then a commit. */
const arrivals = fc.array(
  fc.record({
    step: fc.integer({ min: 1, max: 4 }),
    timeMs: fc.integer({ min: 0, max: 4 * hourMs }),
    commits: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
)

const bounds = fc.record({
  fromTime: fc.option(fc.integer({ min: 0, max: 4 * hourMs })),
  duration: fc.option(fc.integer({ min: 1, max: 2 * hourMs })),
  fromOffset: fc.option(fc.bigInt(0n, 200n)),
  offsets: fc.option(fc.bigInt(1n, 100n)),
})

interface Bounds {
  fromTime: number | null
  duration: number | null
  fromOffset: bigint | null
  offsets: bigint | null
}

function selectionOf({ fromTime, duration, fromOffset, offsets }: Bounds): Selection {
  const from = fromTime === null ? null : startMs + fromTime
  return {
    topics: [topic],
    incarnation: null,
    partitions: null,
    fromTimestampMs: from,
    untilTimestampMs: duration === null ? null : (from ?? startMs) + duration,
    fromOffsets: new Map(fromOffset === null ? [] : [[0, fromOffset]]),
    untilOffsets: new Map(offsets === null ? [] : [[0, (fromOffset ?? 0n) + offsets]]),
    ...{ keys: null, headers: [], where: null, toLive: false },
  }
}

function jobOf(source: Selection): ReplayJob {
  const target = { topics: new Map([[topic, 'copy']]), partitions: null, config: {} }
  return { source, target, order: 'partition', transform: null }
}

describe('planning and selecting', () => {
  it('emits exactly the rows of the windows, in source order, whatever hours and commits they were archived in', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, bounds, fc.integer({ min: 1, max: 7 }), async (arrived, bound, rowGroupRows) => {
        const store = new MemoryStore()
        const source = await archive(store, arrived, rowGroupRows)
        const selection = selectionOf(bound)
        const { plan } = planReplay([await loadTopic(store, topic)], jobOf(selection), 4)
        const wanted = source.filter((record) => isWanted(record, selection))
        const emitted: string[] = []
        const cursor = new RecordCursor()
        const [source0] = plan.sources
        const partition = source0!.partitions[0]!
        const signal = new AbortController().signal
        const lane: LaneStream = {
          ...{ source: 0, partition: 0, next: partition.from, until: partition.until, target: 'copy' },
          placeOf: () => 0,
          runs: streamRows({
            onDamaged: (_, error) => Promise.reject(error),
            ...{ source: source0!, plan: partition, selection, next: partition.from, store, signal },
            ...{ eventLog: {} as EventLog, change: null, picker: null },
          }),
          deadLetters: null,
        }
        const limits = { maxBytes: 300, maxRows: 5, maxBlockBytes: 300, maxSpanMs: Number.POSITIVE_INFINITY }
        let next = partition.from
        for await (const step of runLane([lane], () => limits)) {
          const [progress] = step.streams
          assert.ok(progress!.next >= next, 'progress never goes back')
          next = progress!.next
          for (const { block } of step.blocks) {
            cursor.open(block)
            while (cursor.next())
              emitted.push(cursor.bytes.toString('latin1', cursor.valueStart, cursor.valueStart + cursor.valueLength))
            assert.equal(emitted.at(-1), String(progress!.lastOffset))
          }
        }
        assert.equal(next, partition.until)
        assert.deepEqual(
          emitted,
          wanted.map(({ offset }) => String(offset)),
        )
        assert.ok(planTotals(plan).rows >= emitted.length, 'the estimate is an upper bound')
      }),
      { numRuns: 60 },
    )
  })

  it('reads no segment that lies outside the window', async () => {
    const store = new MemoryStore()
    await archive(
      store,
      [0, 1, 2, 3].map((hour) => ({ step: 1, timeMs: hour * hourMs, commits: false })),
      10,
    )
    const snapshot = await loadTopic(store, topic)
    const from = startMs + hourMs
    const selection = {
      ...selectionOf({ fromTime: null, duration: null, fromOffset: null, offsets: null }),
      fromTimestampMs: from,
    }
    const { plan } = planReplay([snapshot], jobOf({ ...selection, untilTimestampMs: from + hourMs }), 4)
    assert.deepEqual(
      plan.sources[0]!.partitions[0]!.segments.map(({ minTimestampMs }) => minTimestampMs),
      [from],
    )
  })

  it('counts lost records as missing only where they may lie in the window', async () => {
    const store = new MemoryStore()
    const record = (offset: bigint, hour: number): SourceRecord => recordAt(offset, startMs + hour * hourMs)
    const lost = { topic, partition: 0, gapReason: 'retention' as const }
    await archiveCommit(store, { ...lost, from: 0n, next: 4n, records: [record(0n, 0), record(3n, 1)] })
    await archiveCommit(store, { ...lost, from: 4n, next: 6n, records: [record(4n, 8), record(5n, 9)] })
    const snapshot = await loadTopic(store, topic)
    const missing = (from: number, to: number): unknown[] => {
      const time = { from: startMs + from * hourMs, to: startMs + to * hourMs }
      const selection = readSelection({ topic, time }, 'source', new Shape())!
      return planReplay([snapshot], jobOf(selection), 4).sources[0]!.missing
    }
    assert.deepEqual(missing(0, 1), [{ partition: 0, firstOffset: 1n, lastOffset: 2n, reason: 'retention' }])
    assert.deepEqual(missing(8, 10), [])
  })

  it('names partitions and offsets that are not archived', async () => {
    const store = new MemoryStore()
    await archiveCommit(store, {
      topic,
      partition: 0,
      from: 10n,
      next: 12n,
      records: [recordAt(10n, startMs), recordAt(11n, startMs)],
    })
    const snapshot = await loadTopic(store, topic)
    const offsets = { from: { 0: 5, 3: 0 }, to: { 0: 20 } }
    const selection = readSelection({ topic, offsets }, 'source', new Shape())!
    const { missing, unknownPartitions } = planReplay([snapshot], jobOf(selection), 4).sources[0]!
    assert.deepEqual(unknownPartitions, [3])
    assert.deepEqual(missing, [
      { partition: 0, firstOffset: 5n, lastOffset: 9n, reason: 'unarchived' },
      { partition: 0, firstOffset: 12n, lastOffset: 19n, reason: 'unarchived' },
    ])
  })
})

async function archive(
  store: MemoryStore,
  arrived: readonly { step: number; timeMs: number; commits: boolean }[],
  rowGroupRows: number,
): Promise<SourceRecord[]> {
  const source: SourceRecord[] = []
  let from = 0n
  let offset = 0n
  let records: SourceRecord[] = []
  for (const [index, { step, timeMs, commits }] of arrived.entries()) {
    offset += BigInt(step)
    records.push(recordAt(offset, startMs + timeMs))
    if (!commits && index < arrived.length - 1) continue
    await archiveCommit(store, { topic, partition: 0, from, next: offset + 1n, records, rowGroupRows })
    source.push(...records)
    records = []
    from = offset + 1n
  }
  return source
}

function recordAt(offset: bigint, timestampMs: number): SourceRecord {
  return { offset, timestampMs, key: null, value: Buffer.from(String(offset)), headers: [] }
}

function isWanted({ offset, timestampMs }: SourceRecord, selection: Selection): boolean {
  const { fromTimestampMs, untilTimestampMs, fromOffsets, untilOffsets } = selection
  return (
    timestampMs >= (fromTimestampMs ?? timestampMs) &&
    (untilTimestampMs === null || timestampMs < untilTimestampMs) &&
    offset >= (fromOffsets.get(0) ?? 0n) &&
    offset < (untilOffsets.get(0) ?? 2n ** 63n)
  )
}
