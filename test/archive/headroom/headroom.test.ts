import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type LogFacts,
  type LogRates,
  predictHeadroom,
  type ReaderFacts,
  worstLevel,
} from '../../../src/archive/headroom/headroom.ts'
import { addSample, type LogSample, type RateState, ratesOf } from '../../../src/archive/headroom/rates.ts'

const thresholds = { warnShare: 0.5, criticalShare: 0.2 }
const still: LogRates = { appendedPerMs: 0, deletedEarlyPerMs: 0 }
const unlimited = { ms: null, bytes: null }
const dayMs = 86_400_000
const nowMs = Date.UTC(2026, 0, 10)

const log = (facts: Partial<LogFacts> = {}): LogFacts => ({
  logStart: 0n,
  end: 1_000n,
  limits: unlimited,
  logBytes: null,
  ...facts,
})
const at = (position: bigint, timestampMs: number | null = null): ReaderFacts => ({ position, timestampMs })

describe('a prediction', () => {
  test('by age: the first pending record’s time plus retention', () => {
    const limits = { ms: 4 * dayMs, bytes: null }
    const level = (ageDays: number) =>
      predictHeadroom(log({ limits }), at(500n, nowMs - ageDays * dayMs), still, nowMs, thresholds)
    assert.deepEqual(level(1), {
      pendingRecords: 500n,
      lostRecords: 0n,
      timeToLossMs: 3 * dayMs,
      shareLeft: 0.75,
      level: 'ok',
    })
    assert.equal(level(2).level, 'warn')
    assert.equal(level(3.1).level, 'warn')
    assert.equal(level(3.2).level, 'critical')
    assert.deepEqual(
      { ...level(5) },
      { ...level(5), timeToLossMs: 0, shareLeft: 0, level: 'critical' },
      'overdue but not deleted yet',
    )
  })

  test('by size: what is left of the limit, at the rate of what comes in', () => {
    const facts = log({ limits: { ms: null, bytes: 200_000 }, logBytes: 100_000 })
    const rates = { appendedPerMs: 0.1, deletedEarlyPerMs: 0 }
    // 100 bytes a record: 500 pending are 50,000 bytes, 150,000 are left, 10 bytes come in a millisecond
    const { timeToLossMs, shareLeft } = predictHeadroom(facts, at(500n), rates, nowMs, thresholds)
    assert.deepEqual({ timeToLossMs, shareLeft }, { timeToLossMs: 15_000, shareLeft: 0.75 })
    assert.equal(predictHeadroom(facts, at(500n), still, nowMs, thresholds).timeToLossMs, null, 'nothing comes in')
    assert.equal(predictHeadroom(log({ ...facts, logBytes: null }), at(500n), rates, nowMs, thresholds).shareLeft, null)
  })

  test('by records that someone deletes early, also where nothing else limits', () => {
    const rates = { appendedPerMs: 0, deletedEarlyPerMs: 0.5 }
    const { timeToLossMs, shareLeft, level } = predictHeadroom(log(), at(100n), rates, nowMs, thresholds)
    assert.deepEqual({ timeToLossMs, shareLeft, level }, { timeToLossMs: 200, shareLeft: 0.1, level: 'critical' })
  })

  test('unlimited, or nothing pending: never', () => {
    const never = { timeToLossMs: null, shareLeft: null, level: 'ok', lostRecords: 0n }
    assert.deepEqual(predictHeadroom(log(), at(0n, 0), still, nowMs, thresholds), { ...never, pendingRecords: 1_000n })
    const short = log({ limits: { ms: 1, bytes: 1 }, logBytes: 10 })
    assert.deepEqual(predictHeadroom(short, at(1_000n), still, nowMs, thresholds), { ...never, pendingRecords: 0n })
  })

  test('a log that begins above the position has lost what lies between', () => {
    const found = predictHeadroom(log({ logStart: 300n }), at(100n), still, nowMs, thresholds)
    assert.deepEqual(found, {
      pendingRecords: 700n,
      lostRecords: 200n,
      timeToLossMs: 0,
      shareLeft: 0,
      level: 'lost',
    })
  })

  const offset = fc.bigInt(0n, 1_000_000n)
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
  const anyLog = fc.record({
    logStart: offset,
    length: offset,
    limits: fc.record({ ms: maybe(fc.integer({ min: 0, max: 1e9 })), bytes: maybe(fc.integer({ min: 0, max: 1e9 })) }),
    logBytes: maybe(fc.integer({ min: 0, max: 1e9 })),
  })
  const anyRates = fc.record({
    appendedPerMs: maybe(fc.double({ min: 0, max: 1e6, noNaN: true })),
    deletedEarlyPerMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
  })
  const anyCase = fc.record({
    log: anyLog,
    position: offset,
    timestampMs: maybe(fc.integer({ min: 0, max: 2e9 })),
    rates: anyRates,
    nowMs: fc.integer({ min: 0, max: 2e9 }),
  })
  type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never
  const predict = ({ log: { logStart, length, ...rest }, position, timestampMs, rates, nowMs: now }: Case) =>
    predictHeadroom({ logStart, end: logStart + length, ...rest }, { position, timestampMs }, rates, now, thresholds)

  test('is never NaN nor negative, and its parts agree with each other', () => {
    fc.assert(
      fc.property(anyCase, (given) => {
        const { timeToLossMs, shareLeft, level, pendingRecords, lostRecords } = predict(given)
        assert.ok(timeToLossMs === null || timeToLossMs >= 0)
        assert.ok(shareLeft === null || (shareLeft >= 0 && shareLeft <= 1))
        assert.ok(pendingRecords >= 0n && lostRecords >= 0n)
        assert.equal(level === 'lost', lostRecords > 0n)
        assert.equal(lostRecords > 0n, given.position < given.log.logStart)
        if (shareLeft === null) assert.equal(level, 'ok')
        if (pendingRecords === 0n && lostRecords === 0n) assert.equal(timeToLossMs, null)
      }),
    )
  })

  test('never improves as time passes', () => {
    fc.assert(
      fc.property(anyCase, fc.nat(1e9), (given, laterMs) => {
        const before = predict(given)
        const after = predict({ ...given, nowMs: given.nowMs + laterMs })
        assert.ok((after.timeToLossMs ?? Infinity) <= (before.timeToLossMs ?? Infinity))
        assert.equal(worstLevel([before.level, after.level]), after.level)
      }),
    )
  })

  test('never comes later than a broker that deletes as Kafka does', () => {
    const segment = fc.record({
      records: fc.integer({ min: 1, max: 50 }),
      spanMs: fc.integer({ min: 0, max: 5_000 }),
    })
    const world = fc.record({
      segments: fc.array(segment, { minLength: 1, maxLength: 12 }),
      retentionMs: maybe(fc.integer({ min: 1, max: 40_000 })),
      retentionRecords: maybe(fc.integer({ min: 1, max: 400 })),
      read: fc.double({ min: 0, max: 0.999, noNaN: true }),
      appendedPerMs: fc.double({ min: 0.001, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(world, ({ segments, retentionMs, retentionRecords, read, appendedPerMs }) => {
        const built = buildSegments(segments)
        const { end, now } = built.at(-1)!
        const position = Math.floor(end * read)
        const bytesEach = 10
        const limits = { ms: retentionMs, bytes: retentionRecords === null ? null : retentionRecords * bytesEach }
        const within = built.find((candidate) => position < candidate.end)!
        const prediction = predictHeadroom(
          { logStart: 0n, end: BigInt(end), limits, logBytes: end * bytesEach },
          { position: BigInt(position), timestampMs: within.timestampOf(position) },
          { appendedPerMs, deletedEarlyPerMs: 0 },
          now,
          thresholds,
        )
        // the segment that holds the position goes by age, or when what is behind it makes up the limit
        const byAge = retentionMs === null ? Infinity : Math.max(0, within.maxMs + retentionMs - now)
        const missing = retentionRecords === null ? Infinity : Math.max(0, retentionRecords - (end - within.end))
        const really = Math.min(byAge, missing / appendedPerMs)
        assert.ok((prediction.timeToLossMs ?? Infinity) <= really + 1e-6)
      }),
    )
  })
})

interface Segment {
  end: number
  maxMs: number
  now: number
  timestampOf(offset: number): number
}

/** Segments one after the other, whose records have times that rise. */
function buildSegments(shapes: readonly { records: number; spanMs: number }[]): Segment[] {
  let first = 0
  let startMs = 1_000_000
  return shapes.map(({ records, spanMs }) => {
    const [from, fromMs] = [first, startMs]
    first += records
    startMs += spanMs
    return {
      end: first,
      maxMs: fromMs + spanMs,
      now: startMs,
      timestampOf: (offset) => fromMs + Math.floor((spanMs * (offset - from)) / records),
    }
  })
}

describe('rates', () => {
  const sample = (atMs: number, logStart: number, end: number, more: Partial<LogSample> = {}): LogSample => ({
    atMs,
    logStart: BigInt(logStart),
    end: BigInt(end),
    oldestTimestampMs: null,
    logBytes: null,
    limits: unlimited,
    ...more,
  })
  const after = (samples: readonly LogSample[]): RateState =>
    samples.reduce<RateState | null>((state, next) => addSample(state, next), null)!

  test('one look tells what the log itself tells: its records since the oldest', () => {
    assert.deepEqual(ratesOf(after([sample(2_000, 0, 500, { oldestTimestampMs: 1_000 })])), {
      appendedPerMs: 0.5,
      deletedEarlyPerMs: 0,
    })
    assert.equal(ratesOf(after([sample(2_000, 0, 500)])).appendedPerMs, null)
  })

  test('come near a steady rate, and stay near it whatever one look says', () => {
    const steady = Array.from({ length: 40 }, (_, i) => sample(i * 30_000, 0, i * 3_000))
    assert.ok(Math.abs(ratesOf(after(steady)).appendedPerMs! - 0.1) < 1e-9)
    const burst = sample(40 * 30_000, 0, 39 * 3_000 + 60_000)
    assert.ok(ratesOf(after([...steady, burst])).appendedPerMs! < 0.4)
  })

  test('one early deletion is no rate, several are', () => {
    const looks = (starts: number[]) => starts.map((start, i) => sample(i * 1_000, start, 10_000))
    assert.equal(ratesOf(after(looks([0, 500, 500]))).deletedEarlyPerMs, 0)
    assert.equal(ratesOf(after(looks([0, 500, 1_000, 1_500]))).deletedEarlyPerMs, 0.5)
    // what stays away fades, and ends
    const fading = looks([0, 500, 1_000, 1_500, 1_500, 1_500])
    assert.ok(ratesOf(after(fading)).deletedEarlyPerMs < 0.5)
    assert.equal(ratesOf(after([...fading, sample(60_000, 1_500, 10_000)])).deletedEarlyPerMs, 0)
  })

  test('what retention deletes is not early', () => {
    const early = (more: (atMs: number) => Partial<LogSample>) =>
      ratesOf(after([0, 500, 1_000, 1_500].map((start, i) => sample(i * 1_000, start, 10_000, more(i * 1_000)))))
        .deletedEarlyPerMs
    const byAge = { ms: 10_000, bytes: null }
    assert.equal(
      early((atMs) => ({ limits: byAge, oldestTimestampMs: atMs - 9_900 })),
      0,
    )
    assert.ok(early((atMs) => ({ limits: byAge, oldestTimestampMs: atMs - 1_000 })) > 0)
    const bySize = { ms: null, bytes: 1_000 }
    assert.equal(
      early(() => ({ limits: bySize, logBytes: 1_000 })),
      0,
    )
    assert.ok(early(() => ({ limits: bySize, logBytes: 900 })) > 0)
  })

  const looks = fc.array(
    fc.record({
      // also backwards, and far
      leapMs: fc.integer({ min: -1e9, max: 1e9 }),
      appended: fc.nat(1e6),
      deleted: fc.nat(1e6),
      begunAnew: fc.boolean(),
    }),
    { maxLength: 30 },
  )

  test('are never negative nor NaN, however the clock jumps and whatever becomes of the log', () => {
    fc.assert(
      fc.property(looks, (steps) => {
        let state: RateState | null = null
        let [atMs, start, end] = [1e12, 0, 0]
        for (const { leapMs, appended, deleted, begunAnew } of steps) {
          atMs += leapMs
          if (begunAnew) [start, end] = [0, 0]
          end += appended
          start = Math.min(end, start + deleted)
          state = addSample(state, sample(atMs, start, end, { oldestTimestampMs: 1e12 }))
          const { appendedPerMs, deletedEarlyPerMs } = ratesOf(state)
          assert.ok(appendedPerMs === null || (Number.isFinite(appendedPerMs) && appendedPerMs >= 0))
          assert.ok(Number.isFinite(deletedEarlyPerMs) && deletedEarlyPerMs >= 0)
        }
      }),
    )
  })

  test('a clock that leaps once changes a steady rate by half at most, and that is mended', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e10, max: 1e10 }), (leapMs) => {
        const steady = (from: number, count: number, shiftMs: number) =>
          Array.from({ length: count }, (_, i) => sample((from + i) * 30_000 + shiftMs, 0, (from + i) * 3_000))
        const before = after(steady(0, 40, 0))
        const leapt = steady(40, 60, leapMs).reduce(addSample, before)
        const atOnce = addSample(before, steady(40, 1, leapMs)[0]!)
        const isForward = leapMs >= 0
        if (isForward) assert.ok(ratesOf(atOnce).appendedPerMs! >= 0.05 - 1e-9)
        assert.ok(Math.abs(ratesOf(leapt).appendedPerMs! - 0.1) < 0.01)
      }),
    )
  })
})
