import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CommittedSegment } from '../../src/format/segment.ts'
import { PickLine } from '../../src/query/pick-line.ts'
import { type PartitionSegment, type PickedOffsets, PickQueue } from '../../src/query/pick-queue.ts'
import { filesInPlace } from '../../src/query/segment-files.ts'
import { Slots } from '../../src/query/slots.ts'

const never = new AbortController().signal
const MiB = 1024 * 1024

/** Segments of a partition, with an offset each. */
function segmentsOf(partition: number, count: number, bytes: number): CommittedSegment[] {
  return Array.from({ length: count }, (_, i) => ({
    path: `${partition}/${i}`,
    firstOffset: BigInt(i),
    lastOffset: BigInt(i),
    records: 1,
    minTimestampMs: 0,
    maxTimestampMs: 0,
    bytes,
    sha256: '',
  }))
}

/** Statements that the test lets end one by one; each picks all rows. */
class Statements {
  readonly begun: { paths: string[]; signal: AbortSignal; end: (error?: Error) => void }[] = []
  #next = Promise.withResolvers<void>()

  readonly look = async (segments: readonly PartitionSegment[], signal: AbortSignal): Promise<PickedOffsets> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const end = (error?: Error) => (error === undefined ? resolve() : reject(error))
    this.begun.push({ paths: segments.map(({ segment }) => segment.path), signal, end })
    this.#next.resolve()
    await promise
    const byPartition = Map.groupBy(segments, ({ partition }) => partition)
    return new Map(
      [...byPartition].map(([partition, own]) => [
        partition,
        BigInt64Array.from(own, ({ segment }) => segment.firstOffset),
      ]),
    )
  }

  /** The n-th one, when it has begun. */
  async nth(n: number) {
    while (this.begun.length <= n) {
      await this.#next.promise
      this.#next = Promise.withResolvers()
    }
    return this.begun[n]!
  }
}

function start({ running = 1 } = {}) {
  const statements = new Statements()
  const slots = new Slots(running, Number.POSITIVE_INFINITY)
  const queue = new PickQueue(statements.look, () => slots.take(never))
  const line = (partition: number, segments: CommittedSegment[]) =>
    new PickLine({
      ...{
        partition,
        segments,
        queue,
        files: filesInPlace({ url: 'file:///nowhere', getRange: () => Promise.reject(new Error('nobody reads')) }),
      },
      alone: async (segment, signal) => (await statements.look([{ partition, segment }], signal)).get(partition)!,
    })
  return { statements, line }
}

describe('Segments that wait to be looked through', () => {
  it('of several partitions are by one statement, which then takes what comes behind them in turn', async () => {
    const { statements, line } = start()
    const lines = [0, 1].map((partition) => ({ partition, segments: segmentsOf(partition, 3, 3 * MiB) }))
    const picks = lines.map(({ partition, segments }) => line(partition, segments).pick(segments[0]!, never))
    const first = await statements.nth(0)
    assert.deepEqual(first.paths, ['0/0', '1/0', '0/1', '1/1', '0/2'])
    first.end()
    assert.deepEqual(await Promise.all(picks), [BigInt64Array.of(0n), BigInt64Array.of(0n)])
  })

  it('are more at a time with each statement, up to a bound', async () => {
    const { statements, line } = start()
    const segments = segmentsOf(0, 200, MiB - 64 * 1024)
    const rows = line(0, segments)
    const picked = (async () => {
      for (const segment of segments)
        assert.deepEqual(await rows.pick(segment, never), BigInt64Array.of(segment.firstOffset))
    })()
    const counts: number[] = []
    for (let n = 0; counts.reduce((sum, count) => sum + count, 0) < 200; n++) {
      const { paths, end } = await statements.nth(n)
      counts.push(paths.length)
      end()
    }
    await picked
    assert.deepEqual(counts, [16, 32, 64, 64, 24])
  })

  it('are looked through while those before them are taken, one statement ahead', async () => {
    const { statements, line } = start({ running: 5 })
    const segments = segmentsOf(0, 40, 5 * MiB)
    const rows = line(0, segments)
    const first = rows.pick(segments[0]!, never)
    ;(await statements.nth(0)).end()
    await first
    const second = await statements.nth(1)
    assert.deepEqual([second.paths[0], second.paths.length], ['0/3', 6])
    second.end()
    for (const segment of segments.slice(1, 3)) await rows.pick(segment, never)
    assert.equal(statements.begun.length, 2)
    await rows.pick(segments[3]!, never)
    assert.equal((await statements.nth(2)).paths[0], '0/9')
  })

  it('of a statement that fails are looked through again one by one, those of one alone are not', async () => {
    const { statements, line } = start()
    const [one, two] = segmentsOf(0, 2, MiB)
    const rows = line(0, [one!, two!])
    const first = rows.pick(one!, never)
    ;(await statements.nth(0)).end(new Error('two of them'))
    ;(await statements.nth(1)).end()
    assert.deepEqual(await first, BigInt64Array.of(0n))
    const second = rows.pick(two!, never)
    ;(await statements.nth(2)).end(new Error('it alone'))
    await assert.rejects(second, /it alone/)

    const alone = line(1, []).pick(segmentsOf(1, 1, MiB)[0]!, never)
    ;(await statements.nth(3)).end(new Error('no second try'))
    await assert.rejects(alone, /no second try/)
    assert.equal(statements.begun.length, 4)
  })

  it('are given up when nobody waits for any of them', async () => {
    const { statements, line } = start()
    const stops = [new AbortController(), new AbortController()]
    const picks = stops.map(({ signal }, partition) => {
      const segments = segmentsOf(partition, 1, MiB)
      return line(partition, segments).pick(segments[0]!, signal)
    })
    const statement = await statements.nth(0)
    stops[0]!.abort(new Error('first stopped'))
    await assert.rejects(picks[0]!, /first stopped/)
    assert.equal(statement.signal.aborted, false)
    stops[1]!.abort(new Error('second stopped'))
    await assert.rejects(picks[1]!, /second stopped/)
    assert.equal(statement.signal.aborted, true)
  })

  it('are left out when their asker has gone before a statement began', async () => {
    const { statements, line } = start()
    const ask = (partition: number, signal: AbortSignal) => {
      const segments = segmentsOf(partition, 1, MiB)
      return line(partition, segments).pick(segments[0]!, signal)
    }
    const stop = new AbortController()
    const running = ask(0, never)
    const first = await statements.nth(0)
    const gone = ask(1, stop.signal)
    const waiting = ask(2, never)
    stop.abort(new Error('gone'))
    await assert.rejects(gone, /gone/)
    first.end()
    const second = await statements.nth(1)
    assert.deepEqual(second.paths, ['2/0'])
    second.end()
    assert.deepEqual(await Promise.all([running, waiting]), [BigInt64Array.of(0n), BigInt64Array.of(0n)])
  })

  it('are looked through once where two ask for the same', async () => {
    const { statements, line } = start()
    const segments = segmentsOf(0, 2, MiB)
    const picks = [line(0, segments), line(0, segments)].map((rows) => rows.pick(segments[0]!, never))
    const { paths, end } = await statements.nth(0)
    assert.deepEqual(paths, ['0/0', '0/1'])
    end()
    assert.deepEqual(await Promise.all(picks), [BigInt64Array.of(0n), BigInt64Array.of(0n)])
    assert.equal(statements.begun.length, 1)
  })
})
