import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { OutgoingRecord } from '../../../src/format/record-batch/index.ts'
import { deadLetter } from '../../../src/replay/change/dead-letter.ts'
import { openRowChange, type RowChange } from '../../../src/replay/change/row-change.ts'
import { sample } from '../../../src/replay/change/sample.ts'
import type { TransformRequest } from '../../../src/replay/change/transform-request.ts'
import { anyRecords, rowsOf } from '../../format/record-batch/samples.ts'
import { jsonModule, openSource, place, recordOf, recordsOf } from './kit.ts'

const origin = { replay: 'rebuild-1', ...place }
const nothing: TransformRequest = {
  upcaster: null,
  stamp: false,
  dropHeaders: [],
  deadLetterTopic: null,
  maxDeadLetters: 0,
}

function changeOf(transform: Partial<TransformRequest>): RowChange {
  const change = openRowChange({ ...nothing, ...transform }, origin, null)
  assert.ok(change !== null)
  return change
}

/** Headers as texts. */
function headersOf(record: OutgoingRecord | undefined): [string, string | null][] {
  assert.ok(record !== undefined)
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
  return record.headers.map(({ key, value }) => [text(key), value === null ? null : text(value)])
}

const header = (key: string, value: string) => ({ key: Buffer.from(key), value: Buffer.from(value) })
const stamps = (offset: string, timestamp: string): [string, string][] => [
  ['coldstream.replay.id', 'rebuild-1'],
  ['coldstream.source.topic', 'orders'],
  ['coldstream.source.partition', '3'],
  ['coldstream.source.offset', offset],
  ['coldstream.source.timestamp', timestamp],
]

describe('the change of a row', () => {
  it('is none without a transform', () => {
    assert.equal(openRowChange(null, origin, null), null)
  })

  it('refuses an upcaster that is not opened', () => {
    assert.throws(() => openRowChange({ ...nothing, upcaster: 'a' }, origin, null), TypeError)
  })

  it('stamps where a record is from, after its own headers, and leaves the rest as it is', async () => {
    const change = changeOf({ stamp: true })
    await fc.assert(
      fc.asyncProperty(anyRecords, async (records) => {
        const rows = await change.apply(rowsOf(records), 0, records.length)
        for (const [row, record] of records.entries()) {
          const [changed, ...more] = recordsOf(rows[row])
          assert.deepEqual(more, [])
          const own = changed!.headers.slice(0, record.headers.length)
          assert.deepEqual({ ...changed, headers: own }, { ...record })
          assert.deepEqual(headersOf(changed).slice(own.length), stamps(String(row), String(record.timestampMs)))
        }
      }),
    )
  })

  it('drops headers by their keys, each time they are there', async () => {
    const headers = [header('trace', '1'), header('type', 'x'), header('trace', '2'), header('ключ', '3')]
    const rows = await changeOf({ dropHeaders: ['trace', 'ключ', 'none'] }).apply(
      rowsOf([recordOf('v', { headers })]),
      0,
      1,
    )
    assert.deepEqual(headersOf(recordsOf(rows[0])[0]), [['type', 'x']])
  })

  it('upcasts, then drops, then stamps; several records of a row have the same stamp', async (t) => {
    const upcaster = await openSource(
      t,
      jsonModule(`
        if (event.headers[0].value.toString() !== 'EUR') throw new Error('no currency')
        event.headers.push({ key: 'coldstream.source.topic', value: 'mine' })
        return [event, { ...event, timestamp: 7 }]`),
    )
    const transform = {
      ...nothing,
      upcaster: 'upcaster',
      stamp: true,
      dropHeaders: ['currency', 'coldstream.source.topic'],
    }
    const change = openRowChange(transform, origin, upcaster)
    const records = [
      recordOf('{}', { headers: [header('currency', 'EUR')] }),
      recordOf('{}', { headers: [header('currency', '')] }),
    ]
    const rows = await change!.apply(rowsOf(records), 0, 2)
    const [first, second] = recordsOf(rows[0])
    assert.deepEqual(headersOf(first), stamps('0', '1736845200000'))
    assert.deepEqual(headersOf(second), stamps('0', '1736845200000'))
    assert.equal(second?.timestampMs, 7)
    assert.deepEqual(rows[1], { row: 1, failure: 'Error: no currency (upcaster.ts:2)' })
  })
})

describe('a dead letter', () => {
  it('is the record as it was, with headers that say why and from where', () => {
    const upcaster = { name: 'orders-v2', version: '1', sha256: 'abc' }
    fc.assert(
      fc.property(anyRecords, (records) => {
        const row = records.length - 1
        const { key, value, headers, timestampMs } = records[row]!
        const letter = deadLetter(rowsOf(records), row, 'Error: broken', { ...origin, upcaster }, 99)
        assert.deepEqual([letter.key, letter.value, letter.timestampMs], [key, value, 99])
        assert.deepEqual(letter.headers.slice(0, headers.length), headers)
        assert.deepEqual(headersOf(letter).slice(headers.length), [
          ['__connect.errors.topic', 'orders'],
          ['__connect.errors.partition', '3'],
          ['__connect.errors.offset', String(row)],
          ['__connect.errors.stage', 'TRANSFORMATION'],
          ['__connect.errors.class.name', 'orders-v2 1'],
          ['__connect.errors.exception.class.name', 'upcaster-failed'],
          ['__connect.errors.exception.message', 'Error: broken'],
          ...stamps(String(row), String(timestampMs)),
        ])
      }),
    )
  })
})

describe('a sample', () => {
  it('shows records before and after, as JSON, text or base64, and failures', async (t) => {
    const upcaster = await openSource(
      t,
      jsonModule(`
        if (event.value.bad) throw new Error('bad')
        return event.value.twice ? [{ value: [1] }, { value: null }] : null`),
    )
    const change = openRowChange({ ...nothing, upcaster: 'upcaster' }, origin, upcaster)
    const key = Buffer.from([0xff])
    const headers = [header('h', 'text'), { key: Buffer.from('n'), value: null }]
    const records = [
      recordOf('{"twice":true}', { key, headers }),
      recordOf('{"a":9007199254740993}'),
      recordOf('{"bad":1}'),
    ]
    const shown = await sample(rowsOf([...records, recordOf('{}')]), change!, 3)
    assert.deepEqual(JSON.parse(JSON.stringify(shown)), shown, 'is JSON')
    const common = { timestampMs: 1_736_845_200_000, key: { base64: '/w==' } }
    const shownHeaders = [
      { key: 'h', value: { text: 'text' } },
      { key: 'n', value: null },
    ]
    assert.deepEqual(shown[0], {
      partition: 0,
      offset: '0',
      before: { ...common, value: { json: { twice: true } }, headers: shownHeaders },
      after: [
        { ...common, value: { json: [1] }, headers: shownHeaders },
        { ...common, value: null, headers: shownHeaders },
      ],
      failure: null,
    })
    assert.deepEqual([shown[1]?.before.value, shown[1]?.after], [{ text: '{"a":9007199254740993}' }, []])
    assert.match(shown[2]?.failure ?? '', /^Error: bad/)
    assert.equal(shown.length, 3)
  })

  it('of large values shows their beginning and their size', async () => {
    const [shown] = await sample(rowsOf([recordOf('x'.repeat(100_000))]), changeOf({ dropHeaders: ['a'] }), 5)
    assert.deepEqual(shown?.before.value, { text: 'x'.repeat(16_384), bytes: 100_000 })
  })
})
