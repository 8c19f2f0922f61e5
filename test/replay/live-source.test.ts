import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Producer, Transaction } from 'kafkajs'
import { KafkaEventLog } from '../../src/adapters/kafka/index.ts'
import type { BinaryColumn, RowBatch } from '../../src/format/row-batch.ts'
import type { TopicIdentity } from '../../src/ports/event-log.ts'
import { type LiveSourceOptions, openLiveSource } from '../../src/replay/read/live-source.ts'
import { independentClient, readCommitted } from '../adapters/kafka/judge.ts'
import { deleteRecordsBelow } from '../kit/delete-records.ts'
import { type KafkaServer, startKafka } from '../kit/kafka.ts'
import { createTestTopic, produceEach } from '../kit/topics.ts'

interface LiveRow {
  offset: bigint
  timestampMs: number
  key: string | null
  value: string | null
  headers: string[]
}

describe('rows of a topic from the broker', () => {
  let kafka: KafkaServer
  let log: KafkaEventLog
  let producer: Producer

  before(async () => {
    kafka = await startKafka()
    log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'live-source-test' })
    producer = independentClient(kafka.brokers).producer({
      transactionalId: 'live-source-test',
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await producer.connect()
  })
  after(async () => {
    await producer.disconnect()
    await log.close()
    await kafka.stop()
  })

  async function freshTopic(config: Record<string, string> = {}, partitions = 1): Promise<TopicIdentity> {
    const [told] = await log.describe([await createTestTopic(kafka.brokers, config, partitions)])
    return told!
  }

  const rowsIn = async (
    options: Partial<LiveSourceOptions> & { topic: TopicIdentity; until: bigint },
  ): Promise<LiveRow[]> => {
    const signal = AbortSignal.timeout(30_000)
    const source = openLiveSource({ eventLog: log, partition: 0, from: 0n, signal, ...options })
    const rows: LiveRow[] = []
    try {
      for (let batch = await source.next(); batch !== null; batch = await source.next()) {
        assert.equal(batch.partition, options.partition ?? 0)
        rows.push(...rowsOf(batch))
      }
      assert.equal(await source.next(), null)
    } finally {
      await source.close()
    }
    return rows
  }

  async function inTransaction(work: (transaction: Transaction) => Promise<unknown>, commit = true): Promise<void> {
    const transaction = await producer.transaction()
    await work(transaction)
    await (commit ? transaction.commit() : transaction.abort())
  }

  /** The end that a read-committed reader reaches, once all markers are written. */
  async function endOf(topic: TopicIdentity, atLeast: bigint): Promise<bigint> {
    for (;;) {
      const [bounds] = await log.bounds(topic, [0])
      if (bounds!.end >= atLeast) return bounds!.end
    }
  }

  it('are what an independent read-committed consumer sees, between any two offsets', async () => {
    const identity = await freshTopic()
    const { topic } = identity
    for (let round = 0; round < 6; round += 1) {
      const messages = Array.from({ length: 5 }, (_, n) => ({
        key: n % 2 === 0 ? `k${n}` : null,
        value: n === 4 ? null : `${round}/${n}`,
        timestamp: String(1_700_000_000_000 + round * 1000 + n),
        headers: { round: String(round), n: Buffer.from([n]) },
      }))
      await inTransaction((transaction) => transaction.send({ topic, messages }), round % 3 !== 1)
    }
    const end = await endOf(identity, 36n)
    assert.equal(end, 36n)
    const judged = (await readCommitted(kafka.brokers, topic)).map(({ offset, timestampMs, key, value, headers }) => ({
      offset,
      timestampMs,
      key: key && String(key),
      value: value && String(value),
      headers: Object.entries(headers).map(([name, header]) => `${name}=${header}`),
    }))
    assert.equal(judged.length, 20)
    for (const [from, until] of [
      [0n, end],
      [2n, 4n],
      [7n, 19n],
      [33n, 36n],
      [35n, 36n],
      [6n, 12n],
      [4n, 4n],
    ] as const) {
      const expected = judged.filter(({ offset }) => offset >= from && offset < until)
      assert.deepEqual(await rowsIn({ topic: identity, from, until }), expected, `offsets ${from} to ${until}`)
    }
    // Many small fetches.
    assert.deepEqual(await rowsIn({ topic: identity, until: end, maxBytes: 1 }), judged)
  })

  it('are those of its own partition alone', async () => {
    const identity = await freshTopic({}, 2)
    const records = Array.from({ length: 10 }, (_, n) => ({ value: String(n), partition: n % 2 }))
    await produceEach(kafka.brokers, identity.topic, records)
    const rows = await rowsIn({ topic: identity, partition: 1, until: 5n })
    assert.deepEqual(
      rows.map(({ value }) => value),
      ['1', '3', '5', '7', '9'],
    )
  })

  it('end also where the last offsets hold nothing but markers and aborted records', async () => {
    const identity = await freshTopic()
    const { topic } = identity
    await inTransaction((transaction) => transaction.send({ topic, messages: [{ value: 'kept' }] }))
    await inTransaction((transaction) => transaction.send({ topic, messages: [{ value: 'dropped' }] }), false)
    const rows = await rowsIn({ topic: identity, until: await endOf(identity, 4n) })
    assert.deepEqual(
      rows.map(({ offset, value }) => [offset, value]),
      [[0n, 'kept']],
    )
  })

  it('are refused by the offsets that retention has deleted, and only by those within the range', async () => {
    const identity = await freshTopic()
    await produceEach(
      kafka.brokers,
      identity.topic,
      Array.from({ length: 10 }, (_, n) => ({ value: String(n) })),
    )
    await deleteRecordsBelow(kafka, identity.topic, 6)
    await assert.rejects(rowsIn({ topic: identity, from: 2n, until: 10n }), {
      name: 'ConflictError',
      code: 'history-lost',
      message: /offsets 2 to 5 of partition 0/,
    })
    await assert.rejects(rowsIn({ topic: identity, from: 0n, until: 3n }), { message: /offsets 0 to 2 of/ })
    assert.equal((await rowsIn({ topic: identity, from: 6n, until: 10n })).length, 4)
  })

  it('are never those of a namesake, nor read when nothing is asked for', async () => {
    const identity = await freshTopic()
    await produceEach(kafka.brokers, identity.topic, [{ value: 'new' }])
    const gone = { ...identity, incarnationId: '00000000-0000-4000-8000-000000000001' }
    const untouched = openLiveSource({
      eventLog: log,
      topic: gone,
      partition: 0,
      from: 0n,
      until: 1n,
      signal: AbortSignal.abort(),
    })
    await untouched.close()
    await assert.rejects(rowsIn({ topic: gone, until: 1n }), { name: 'NotFoundError', code: 'topic-not-found' })
  })

  it('end with the reason of the signal, and with an error when what was promised does not come', async () => {
    const identity = await freshTopic()
    const stopped = new Error('stopped')
    await assert.rejects(rowsIn({ topic: identity, until: 1n, signal: AbortSignal.abort(stopped) }), stopped)
    await assert.rejects(rowsIn({ topic: identity, until: 1n, patienceMs: 100 }), {
      name: 'UnavailableError',
      code: 'history-not-reached',
    })
  })
})

function rowsOf(batch: RowBatch): LiveRow[] {
  const text = ({ bytes, start, length }: BinaryColumn, at: number): string | null =>
    length[at]! < 0 ? null : bytes.toString('utf8', start[at], start[at]! + length[at]!)
  const { first, keys, values } = batch.headers
  return Array.from(batch.offset, (offset, row) => ({
    offset,
    timestampMs: Number(batch.timestampMicros[row]! / 1000n),
    key: text(batch.key, row),
    value: text(batch.value, row),
    headers: Array.from({ length: first[row + 1]! - first[row]! }, (_, index) => {
      return `${text(keys, first[row]! + index)}=${text(values, first[row]! + index)}`
    }),
  }))
}
