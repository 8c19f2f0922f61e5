import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader, Writer } from '@platformatic/kafka'
import fc from 'fast-check'
import { parseFetch } from '../../../src/adapters/kafka/fetch.ts'
import { DamagedDataError } from '../../../src/errors.ts'

const topicId = '11223344-5566-7788-99aa-bbccddeeff00'

/** A response by the protocol's definition, with tagged fields that are known and one that is not. */
function response(records: Buffer | null): Buffer {
  const tag = (number: number, content: Writer): Buffer =>
    Buffer.concat([Buffer.from([number, content.length]), content.buffer])
  const unknown = tag(9, Writer.create().appendInt64(7n))
  const diverging = tag(0, Writer.create().appendInt32(4).appendInt64(120n).appendTaggedFields())
  const leader = tag(1, Writer.create().appendInt32(2).appendInt32(6).appendTaggedFields())
  const partition = Writer.create()
    .appendInt32(3)
    .appendInt16(6)
    .appendInt64(200n)
    .appendInt64(190n)
    .appendInt64(10n)
    .appendArray([11n, 12n], (writer, id) => writer.appendInt64(id).appendInt64(id * 10n))
    .appendInt32(-1)
    .appendBytes(records)
    .append(Buffer.concat([Buffer.from([3]), diverging, leader, unknown]))
  return Writer.create()
    .appendInt32(0)
    .appendInt16(0)
    .appendInt32(0)
    .appendArray([topicId], (writer, id) =>
      writer.appendUUID(id).appendArray([partition.buffer], (inner, bytes) => inner.append(bytes), true, false),
    )
    .appendTaggedFields().buffer
}

test('a response is read with its tagged fields, records as a view', () => {
  const bytes = response(Buffer.from('records'))
  const parsed = parseFetch(Reader.from(bytes), Buffer.alloc)
  const [partition] = parsed.partitions
  assert.deepEqual(parsed, {
    buffer: bytes,
    errorCode: 0,
    partitions: [
      {
        topicId,
        partition: 3,
        errorCode: 6,
        lastStableOffset: 190n,
        logStartOffset: 10n,
        aborted: [
          { producerId: 11n, firstOffset: 110n },
          { producerId: 12n, firstOffset: 120n },
        ],
        bytes: Buffer.from('records'),
        diverging: { epoch: 4, endOffset: 120n },
        leader: { id: 2, epoch: 6 },
      },
    ],
  })
  assert.equal(partition!.bytes.buffer, parsed.buffer.buffer)
})

test('a partition without records has none', () => {
  assert.equal(parseFetch(Reader.from(response(null)), Buffer.alloc).partitions[0]!.bytes.length, 0)
})

test('hostile responses are refused as malformed, or read within their bounds', () => {
  const whole = response(Buffer.alloc(50, 1))
  const edits = fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { maxLength: 5 })
  fc.assert(
    fc.property(edits, fc.nat({ max: whole.length }), (changes, length) => {
      const bytes = Buffer.from(whole)
      for (const [place, byte] of changes) bytes[place] = byte
      try {
        for (const partition of parseFetch(Reader.from(bytes.subarray(0, length)), Buffer.alloc).partitions) {
          assert.ok(partition.bytes.length <= length)
        }
      } catch (error) {
        if (!(error instanceof DamagedDataError)) throw error
        assert.equal(error.code, 'response-malformed')
      }
    }),
    { numRuns: 3_000 },
  )
})
