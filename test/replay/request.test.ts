import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ColdstreamError, InvalidInputError } from '../../src/errors.ts'
import { parseReplayRequest, requestHash } from '../../src/replay/request/request.ts'
import { type Selection, selectionToJson } from '../../src/replay/request/selection.ts'

const parse = (source: unknown, more: object = {}): ReturnType<typeof parseReplayRequest> =>
  parseReplayRequest({ source, target: { topic: 'copy' }, ...more })

const sourceOf = (source: unknown): Selection => parse(source).job.source

const hashOf = (source: unknown, more: object = {}): string => requestHash(parse(source, more).job)

describe('a replay request', () => {
  it('may be nothing but a source topic and a target topic', () => {
    const { id, job, rate, accept } = parse({ topic: 'orders' })
    const { source, order, transform } = job
    assert.deepEqual([id, rate, accept, order, transform], [null, null, [], 'partition', null])
    assert.deepEqual([source.partitions, source.fromTimestampMs, source.untilTimestampMs], [null, null, null])
  })

  it('takes times with their zone or in milliseconds, a day as its UTC midnight', () => {
    const times = (from: unknown): number | null => sourceOf({ topic: 'orders', time: { from } }).fromTimestampMs
    assert.equal(times('2025-01-14T09:00:00+02:00'), Date.UTC(2025, 0, 14, 7))
    assert.equal(times('2025-01-14'), Date.UTC(2025, 0, 14))
    assert.equal(times(1_736_838_000_123), 1_736_838_000_123)
  })

  it('takes offsets above 2^53 as decimal strings', () => {
    const source = sourceOf({ topic: 'orders', offsets: { from: { 3: '9007199254740993' } } })
    assert.equal(source.fromOffsets.get(3), 9007199254740993n)
  })

  it('names every problem at once', () => {
    assert.throws(
      () =>
        parseReplayRequest({
          id: '../up',
          source: {
            topic: '',
            partitions: [-1],
            time: { from: '2025-01-14T09:00', to: '2025-02-30' },
            offsets: { from: { x: 1, 0: '-5' } },
            keys: ['a'],
          },
          target: { topic: 'copy', config: { 'retention.ms': 5 } },
          order: 'random',
          rate: { recordsPerSecond: 5, speed: 2 },
          accept: ['No!'],
        }),
      (error: unknown) => {
        assert.ok(error instanceof InvalidInputError)
        const problems = error.details.problems as readonly string[]
        const places = ['id', 'source.topic', 'source.partitions[0]', 'source.time.from', 'source.time.to']
        places.push(
          'source.offsets.from',
          'source.offsets.from.0',
          'target.config',
          'order',
          'rate',
          'accept[0]',
          'source.keys',
        )
        for (const place of places)
          assert.ok(
            problems.some((problem) => problem.startsWith(`${place}:`)),
            place,
          )
        return true
      },
    )
  })

  it('refuses ranges that hold nothing', () => {
    assert.throws(
      () => parse({ topic: 'o', time: { from: '2025-01-15', to: '2025-01-15' } }),
      /"from" must be before "to"/,
    )
    assert.throws(() => parse({ topic: 'o', offsets: { from: { 0: 7 }, to: { 0: 7 } } }), /below "to" in partition 0/)
    assert.throws(() => parse({ topic: 'o', partitions: [1], offsets: { to: { 0: 7 } } }), /not among "partitions"/)
  })

  it('is the same in any spelling, and another with any other selection or target', () => {
    const time = { from: '2025-01-14T10:00:00Z' }
    const plain = hashOf({ topic: 'orders', partitions: [1, 2], time })
    const respelled = { time: { from: Date.UTC(2025, 0, 14, 10) }, partitions: [2, 1, 2], topic: 'orders', offsets: {} }
    assert.equal(hashOf(respelled), plain)
    assert.notEqual(hashOf({ topic: 'orders', partitions: [1, 2] }), plain)
    assert.notEqual(hashOf({ topic: 'orders', partitions: [1], time }), plain)
    assert.notEqual(hashOf({ topic: 'orders', partitions: [1, 2], time }, { target: { topic: 'other' } }), plain)
  })

  it('is another with another order or transform, and the same at another rate', () => {
    const plain = hashOf({ topic: 'orders' })
    assert.notEqual(hashOf({ topic: 'orders' }, { order: 'key' }), plain)
    assert.equal(hashOf({ topic: 'orders' }, { rate: { speed: 10 }, accept: ['gaps-in-range'] }), plain)
  })

  it('of several topics names a target for each, or merges them by time', () => {
    const topics = ['orders', 'payments']
    assert.throws(() => parse({ topics }), /merged by time/)
    const merged = parse({ topics }, { order: 'time' }).job.target.topics
    assert.deepEqual([...merged.values()], ['copy', 'copy'])
    const each = { orders: 'orders-2', payments: 'payments-2' }
    const { target } = parse({ topics }, { target: { topics: each } }).job
    assert.deepEqual(Object.fromEntries(target.topics), each)
    assert.throws(() => parse({ topics }, { target: { topics: { orders: 'x' } } }), /target.topics.payments/)
    assert.throws(() => parse({ topics, partitions: [1] }, { order: 'time' }), /single topic/)
  })

  it('keeps keys that are no text byte for byte', () => {
    const bytes = Buffer.from([0xff, 0x00, 0x80])
    const keys = { in: [bytes.toString('base64')], encoding: 'base64' }
    const source = sourceOf({ topic: 'orders', keys })
    assert.deepEqual(source.keys?.exact, [bytes])
    assert.deepEqual(selectionToJson(source).keys, keys)
  })

  it('cannot go on live behind an end that is given', () => {
    assert.throws(() => parse({ topic: 'o', to: 'live', time: { to: '2025-01-15' } }), /contradicts an end/)
    assert.throws(() => parse({ topic: 'o', to: 'live', where: 'true' }), /source.where/)
  })

  it('comes back the same from its own JSON', () => {
    const time = fc.integer({ min: -8.64e15, max: 8.64e15 })
    const offset = fc.bigInt(0n, 2n ** 62n)
    fc.assert(
      fc.property(time, time, offset, offset, (oneMs, otherMs, from, more) => {
        fc.pre(oneMs !== otherMs)
        const source = sourceOf({
          topic: 'orders',
          incarnation: 2,
          partitions: [0, 1],
          time: { from: Math.min(oneMs, otherMs), to: Math.max(oneMs, otherMs) },
          offsets: { from: { 1: String(from) }, to: { 1: String(from + more + 1n), 0: 7 } },
          keys: { in: ['b', 'a', 'ü'], prefix: ['c'] },
          headers: [
            { key: 'trace', value: 'x' },
            { key: 'flag', value: null },
          ],
          where: 'record_offset > 5',
        })
        assert.deepEqual(sourceOf(JSON.parse(JSON.stringify(selectionToJson(source)))), source)
      }),
    )
  })

  it('is either read or refused by name, whatever JSON comes', () => {
    const member = fc.oneof(
      fc.jsonValue(),
      fc.record({ topic: fc.jsonValue(), time: fc.jsonValue(), offsets: fc.jsonValue() }),
    )
    fc.assert(
      fc.property(fc.record({ id: fc.jsonValue(), source: member, target: member }), (json) => {
        try {
          parseReplayRequest(json)
        } catch (error) {
          assert.ok(error instanceof ColdstreamError, String(error))
        }
      }),
    )
  })
})
