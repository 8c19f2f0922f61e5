import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { RowCriteria } from '../../src/format/select/row-criteria.ts'
import type { RowWindow } from '../../src/format/select/row-window.ts'
import { codecs, rowsOf, type TestRecord } from '../format/parquet/segment-kit.ts'
import { CountingStore, drain, everything, open, picking, putSegment } from './segment-store.ts'

/** Bytes that no codec makes smaller. */
const noise = Buffer.concat(Array.from({ length: 1000 }, (_, i) => createHash('sha512').update(`${i}`).digest()))

const keys = fc.oneof(
  fc
    .constantFrom('', 'a', 'ab', 'abc', 'b', 'order-1', 'order-10', 'order-2', '\xff')
    .map((text) => Buffer.from(text, 'latin1')),
  fc.constantFrom('x', '\xff').map((byte) => Buffer.alloc(70, byte, 'latin1')),
)
const headerKeys = fc.constantFrom('trace', 'type', '')
const headerValues = fc.option(fc.constantFrom('1', '2', '').map((text) => Buffer.from(text)))
const header = fc.record({ key: headerKeys, value: headerValues })

const arrivals = fc.array(
  fc.record({
    step: fc.integer({ min: 1, max: 3 }),
    timeMs: fc.integer({ min: -50, max: 50 }),
    key: fc.option(keys, { freq: 4 }),
    hasValue: fc.boolean(),
    headers: fc.array(header, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 60 },
)

const shapes = fc.record({
  codec: fc.constantFrom(...codecs),
  rowGroupRows: fc.integer({ min: 1, max: 60 }),
  pageRows: fc.integer({ min: 1, max: 20 }),
  /** Large values make a segment that is read by ranges. */
  valueBytes: fc.constantFrom(10, 2_000),
})

const windows: fc.Arbitrary<RowWindow> = fc.record({
  fromOffset: fc.constantFrom(0n, 0n, 5n, 30n, 90n),
  untilOffset: fc.constantFrom(everything.untilOffset, everything.untilOffset, 6n, 40n, 100n),
  fromTimestampMs: fc.option(fc.integer({ min: -60, max: 60 })),
  untilTimestampMs: fc.option(fc.integer({ min: -60, max: 60 })),
})

const criteria: fc.Arbitrary<RowCriteria> = fc.record({
  keys: fc.option(fc.record({ exact: fc.array(keys, { maxLength: 4 }), prefixes: fc.array(keys, { maxLength: 2 }) })),
  headers: fc.oneof(fc.constant([]), fc.array(header, { maxLength: 2 })),
})

describe('rows of a segment that are selected', () => {
  it('are those that a look at every row selects, in order, whatever the pages and the conditions are', async () => {
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        shapes,
        windows,
        fc.option(criteria),
        fc.option(fc.array(fc.bigInt(0n, 120n), { maxLength: 40 })),
        async (arrived, { valueBytes, ...shape }, window, asked, offsets) => {
          const store = new CountingStore()
          const records = recordsOf(arrived, valueBytes)
          const segment = putSegment(store, records, shape)
          const picked = offsets === null ? null : BigInt64Array.from([...new Set(offsets)]).sort()
          const picker = picked === null ? null : picking(async () => picked)
          const rows = await drain(await open(store, segment, { window, criteria: asked, picker }))
          const wanted = records.filter(
            (record) =>
              isIn(window, record) &&
              (asked === null || meets(asked, record)) &&
              (picked === null || picked.includes(record.offset)),
          )
          assert.deepEqual(rows, rowsOf(wanted))
        },
      ),
      { numRuns: 600 },
    )
  })
})

function recordsOf(
  arrived: typeof arrivals extends fc.Arbitrary<infer T> ? T : never,
  valueBytes: number,
): TestRecord[] {
  let offset = -1n
  return arrived.map(({ step, timeMs, key, hasValue, headers }, i) => {
    offset += BigInt(step)
    return {
      offset,
      timestampMs: timeMs,
      key,
      value: hasValue ? noise.subarray(i * 900, i * 900 + valueBytes) : null,
      headers: headers.map((each) => ({ key: Buffer.from(each.key), value: each.value })),
    }
  })
}

function isIn({ fromOffset, untilOffset, fromTimestampMs, untilTimestampMs }: RowWindow, record: TestRecord): boolean {
  const { offset, timestampMs } = record
  return (
    offset >= fromOffset &&
    offset < untilOffset &&
    timestampMs >= (fromTimestampMs ?? timestampMs) &&
    (untilTimestampMs === null || timestampMs < untilTimestampMs)
  )
}

function meets({ keys, headers }: RowCriteria, record: TestRecord): boolean {
  const key = record.key?.toString('hex')
  const hasKey =
    keys === null ||
    (key !== undefined &&
      (keys.exact.some((exact) => exact.toString('hex') === key) ||
        keys.prefixes.some((prefix) => key.startsWith(prefix.toString('hex')))))
  const text = (name: string, value: Buffer | null): string => JSON.stringify([name, value?.toString('hex') ?? null])
  const has = new Set(record.headers.map((each) => text(each.key.toString(), each.value)))
  return hasKey && headers.every((each) => has.has(text(each.key, each.value)))
}
