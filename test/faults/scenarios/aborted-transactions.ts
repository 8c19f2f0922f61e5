import { randomBytes } from 'node:crypto'
import type { Message } from 'kafkajs'
import { independentClient } from '../../adapters/kafka/judge.ts'
import type { KafkaServer } from '../../kit/kafka.ts'
import { type Expected, expectedOf } from '../kit/expected.ts'
import type { Scenario } from '../kit/scenario.ts'
import { createTopic, order } from '../kit/topics.ts'

const batchRecords = 40
const batches = 3
/** In this turn neither of the two transactions is committed. */
const bothAbort = 3

/** Each batch is larger than a fetch may be, so an aborted transaction and its marker never come in one fetch. */
export const abortedTransactions: Scenario = {
  name: 'aborted transactions over many fetches',
  rounds: { full: 4, short: 1 },
  async run(round) {
    const { brokers, server } = await round.world.kafka()
    const topic = await createTopic(brokers, 'transactions')
    const kafka = independentClient(brokers)
    const producers = ['a', 'b'].map((name) =>
      kafka.producer({ transactionalId: `${topic}-${name}`, idempotent: true, maxInFlightRequests: 1 }),
    )
    for (const producer of producers) await producer.connect()
    const batch = (from: number): Message[] =>
      Array.from({ length: batchRecords }, (_, i) => ({ ...order(from + i, 1), value: randomBytes(5_000) }))
    let committed = 0
    for (let turn = 0; turn < 6; turn += 1) {
      // Two at once, their batches between each other's; of each pair another one is aborted.
      const open = await Promise.all(producers.map((producer) => producer.transaction()))
      for (let part = 0; part < batches; part += 1) {
        for (const transaction of open) await transaction.send({ topic, messages: batch(turn * 1_000 + part * 100) })
      }
      const [one, other] = turn % 2 === 0 ? open : open.toReversed()
      await one!.abort()
      if (turn === bothAbort) await other!.abort()
      else {
        await other!.commit()
        committed += batches * batchRecords
      }
    }
    for (const producer of producers) await producer.disconnect()
    const archive = await round.archive(brokers)
    await round.captureToEnd(archive, topic)
    return round.judge(archive, topic, await committedOnly(server, topic, await expectedOf(brokers, topic), committed))
  },
}

/**
 * Leaves out what Kafka's own consumer does not see: kafkajs forgets what was aborted from one fetch to the next, and gives
 * out aborted batches and markers as records.
 */
async function committedOnly(server: KafkaServer, topic: string, seen: Expected, committed: number): Promise<Expected> {
  const printed = await server.javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', server.brokers[0]!, '--topic', topic, '--from-beginning'],
    ...['--isolation-level', 'read_committed', '--max-messages', String(committed), '--timeout-ms', '60000'],
    ...['--formatter-property', 'print.offset=true', '--formatter-property', 'print.value=false'],
  ])
  const offsets = new Set(Array.from(printed.matchAll(/Offset:(\d+)/g), ([, offset]) => `1|0|${offset}`))
  if (offsets.size !== committed) throw new Error(`Kafka's consumer saw ${offsets.size} of ${committed} records`)
  return { ...seen, records: new Map([...seen.records].filter(([key]) => offsets.has(key))) }
}
