import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyRecords, rowsOf } from '../../format/record-batch/samples.ts'
import {
  bytesModule,
  failureOf,
  jsonModule,
  openSource,
  place,
  recordOf,
  recordsOf,
  upcastBy,
  valuesOf,
} from './kit.ts'

describe('an upcaster', () => {
  it('is given the event with all that is known of it', async (t) => {
    const source = bytesModule(`
      const { topic, partition, offset, timestamp, key, value, headers } = event
      const texts = headers.map((header) => [header.key, header.value?.toString() ?? null])
      const seen = [topic, partition, typeof offset, String(offset), timestamp, key.toString(), value.toString(), texts]
      return { value: JSON.stringify(seen) }`)
    const headers = [
      { key: Buffer.from('a'), value: Buffer.from('1') },
      { key: Buffer.from('a'), value: null },
    ]
    const [row] = await upcastBy(t, source, [recordOf('v', { headers })])
    const expected = ['orders', 3, 'bigint', '0', 1_736_845_200_000, 'key', 'v']
    assert.deepEqual(JSON.parse(valuesOf(row)[0]!), [
      ...expected,
      [
        ['a', '1'],
        ['a', null],
      ],
    ])
    assert.deepEqual(recordsOf(row)[0]?.headers, headers, 'what it left out is as it was')
  })

  it('changes events, drops them by null, and emits several in their order', async (t) => {
    const source = jsonModule(`
      if (event.value.n === 0) return null
      return Array.from({ length: event.value.n }, (_, i) => ({ ...event, value: { part: i } }))`)
    const rows = await upcastBy(t, source, [recordOf('{"n":0}'), recordOf('{"n":1}'), recordOf('{"n":3}')])
    assert.deepEqual(rows.map(valuesOf), [[], ['{"part":0}'], ['{"part":0}', '{"part":1}', '{"part":2}']])
  })

  it('may change the event in its place', async (t) => {
    const source = jsonModule(`
      event.value.currency = 'EUR'
      event.headers.push({ key: 'new', value: Buffer.from('1') })
      event.timestamp = 5
      return event`)
    const [row] = await upcastBy(t, source, [recordOf('{"id":1}')])
    const [record] = recordsOf(row)
    assert.equal(valuesOf(row)[0], '{"id":1,"currency":"EUR"}')
    assert.deepEqual(record?.headers, [{ key: Buffer.from('new'), value: Buffer.from('1') }])
    assert.equal(record?.timestampMs, 5)
  })

  it('may give texts as key and header, and take value and key away', async (t) => {
    const source = jsonModule(`
      return [{ key: 'ключ', value: null, headers: [{ key: 'h', value: 'ü' }] }, { key: null, value: 'text' }]`)
    const [row] = await upcastBy(t, source, [recordOf('{}')])
    const [first, second] = recordsOf(row)
    assert.deepEqual(first?.key, Buffer.from('ключ'))
    assert.equal(first?.value, null)
    assert.deepEqual(first?.headers, [{ key: Buffer.from('h'), value: Buffer.from('ü') }])
    assert.equal(second?.key, null)
    assert.equal(String(second?.value), '"text"')
  })

  it('is not asked about tombstones, unless it says so', async (t) => {
    const drop = 'return null'
    assert.deepEqual((await upcastBy(t, jsonModule(drop), [recordOf(null)])).map(valuesOf), [[null]])
    assert.deepEqual((await upcastBy(t, jsonModule(drop, 'tombstones: true,'), [recordOf(null)])).map(valuesOf), [[]])
    const revive = bytesModule('return { value: event.value ?? "gone" }', 'tombstones: true,')
    assert.deepEqual((await upcastBy(t, revive, [recordOf(null)])).map(valuesOf), [['gone']])
  })
})

describe('what an upcaster passes on', () => {
  it('is emitted byte for byte, whatever the bytes are', async (t) => {
    for (const source of [bytesModule('return event', 'tombstones: true,'), bytesModule('return { ...event }')]) {
      const upcaster = await openSource(t, source)
      await fc.assert(
        fc.asyncProperty(anyRecords, async (records) => {
          const rows = await upcaster.upcast(place, rowsOf(records), 0, records.length)
          assert.deepEqual(
            rows.map((row) => recordsOf(row)[0]),
            records.map((record) => ({ ...record })),
          )
        }),
        { numRuns: 50 },
      )
    }
  })

  it('keeps keys of headers that are no UTF-8, wherever the header is put', async (t) => {
    const key = Buffer.from([0x66, 0xff])
    const headers = [
      { key: Buffer.from('a'), value: null },
      { key, value: Buffer.from([0xfe]) },
    ]
    for (const upcast of [
      'return { ...event, headers: event.headers.slice(1) }',
      'return { ...event, headers: [{ ...event.headers[1] }] }',
      'event.headers.shift(); return event',
    ]) {
      const [row] = await upcastBy(t, jsonModule(upcast), [recordOf('{}', { headers })])
      assert.deepEqual(recordsOf(row)[0]?.headers, [headers[1]], upcast)
    }
  })

  it('keeps the spacing and the numbers of its JSON', async (t) => {
    const texts = [
      ' { "a" : 1.0e2, "b":[1.50] }\n',
      '{"a":12345678901234567890}',
      '"\\u0041"',
      'null',
      '-0',
      '{"a":1,"a":2}',
    ]
    const same = await upcastBy(
      t,
      jsonModule('return { ...event }'),
      texts.map((text) => recordOf(text)),
    )
    assert.deepEqual(same.flatMap(valuesOf), texts)
  })

  it('keeps integers that a number cannot hold, also beside what it changes', async (t) => {
    const source = jsonModule('event.value.type = typeof event.value.id; return event')
    const [row] = await upcastBy(t, source, [recordOf('{"id":9007199254740993,"text":"1234567890123456"}')])
    assert.deepEqual(valuesOf(row), ['{"id":9007199254740993,"text":"1234567890123456","type":"bigint"}'])
  })

  it('says the same when any JSON is taken apart and put together', async (t) => {
    const upcaster = await openSource(t, jsonModule('return { value: { wrapped: event.value } }'))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1 }), async (values) => {
        const records = values.map((value) => recordOf(JSON.stringify(value)))
        const rows = await upcaster.upcast(place, rowsOf(records), 0, records.length)
        assert.deepEqual(
          rows.flatMap(valuesOf),
          values.map((wrapped) => JSON.stringify({ wrapped })),
        )
      }),
      { numRuns: 50 },
    )
  })
})

describe('an event fails, and the others do not,', () => {
  const wrong: Record<string, [upcast: string, reason: RegExp]> = {
    'when the upcaster throws, with the line': [
      'throw new RangeError("no\\n such thing")',
      /^RangeError: no such thing \(upcaster\.ts:1\)$/,
    ],
    'when it throws what is no error': ['throw "text"', /^thrown: text$/],
    'when nothing is returned': ['', /returned undefined/],
    'when the value itself is returned': ['return event.value', /with "fail", which no event has/],
    'when the value is missing': ['return { key: event.key }', /without "value"/],
    'when a promise is returned': ['return Promise.reject(new Error("late"))', /returned a promise/],
    'when a list holds null': ['return [null]', /returned null in a list/],
    'when a list holds a list': ['return [[event]]', /returned a list in a list/],
    'when the topic is changed': ['return { ...event, topic: "other" }', /changed "topic"/],
    'when the partition is changed': ['return { ...event, partition: 9 }', /changed "partition"/],
    'when the offset is changed': ['return { ...event, offset: 99n }', /changed "offset"/],
    'when the timestamp is no integer': ['return { ...event, timestamp: 1.5 }', /"timestamp"/],
    'when the timestamp is beyond all calendars': ['return { ...event, timestamp: 9e15 }', /"timestamp"/],
    'when the key is a number': ['return { ...event, key: 7 }', /a key that is neither/],
    'when headers are no list': ['return { ...event, headers: { a: "1" } }', /"headers" that are no list/],
    'when a header has no key': [
      'return { ...event, headers: [{ value: "1" }] }',
      /header without a text as its "key"/,
    ],
    'when a header has a number as value': ['return { ...event, headers: [{ key: "n", value: 1 }] }', /header "n"/],
    'when a header is null': ['return { ...event, headers: [null] }', /header without a text/],
    'when the value is a function': ['return { ...event, value: () => 1 }', /a function, which JSON cannot say/],
    'when the value is a circle': ['event.value.self = event.value; return event', /circular/i],
    'when the second of several is wrong': ['return [event, 7]', /returned number/],
  }
  for (const [name, [upcast, reason]] of Object.entries(wrong)) {
    it(name, async (t) => {
      const source = jsonModule(`if (event.value.fail) { ${upcast} } else return event`)
      const records = ['{"a":1}', '{"fail":true}', '{"a":2}'].map((text) => recordOf(text))
      const rows = await upcastBy(t, source, records)
      assert.deepEqual(valuesOf(rows[0]), ['{"a":1}'])
      assert.match(failureOf(rows[1]), reason)
      assert.deepEqual(valuesOf(rows[2]), ['{"a":2}'])
    })
  }

  it('when the value is no JSON, or no UTF-8', async (t) => {
    const records = [recordOf('{"a":'), recordOf(''), recordOf(Buffer.from([0x22, 0xff, 0x22])), recordOf('"\ufffd"')]
    const rows = await upcastBy(t, jsonModule('return event'), records)
    assert.match(failureOf(rows[0]), /^the value is not JSON: /)
    assert.match(failureOf(rows[1]), /^the value is not JSON: /)
    assert.match(failureOf(rows[2]), /^the value is not UTF-8/)
    assert.deepEqual(valuesOf(rows[3]), ['"\ufffd"'])
  })

  it('when bytes are awaited and an object is returned', async (t) => {
    const [row] = await upcastBy(t, bytesModule('return { value: { a: 1 } }'), [recordOf('x')])
    assert.match(failureOf(row), /a value that is neither text nor bytes nor null/)
  })

  it('with a reason that is one line of bounded length', async (t) => {
    const [row] = await upcastBy(t, jsonModule('throw new Error("x\\n".repeat(10_000))'), [recordOf('{}')])
    assert.ok(failureOf(row).length < 600)
    assert.doesNotMatch(failureOf(row), /\n/)
  })
})
