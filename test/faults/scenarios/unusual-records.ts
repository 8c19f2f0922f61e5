import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { readCommitted } from '../../adapters/kafka/judge.ts'
import { type Expected, expectedOf, overtaken } from '../kit/expected.ts'
import type { Round } from '../kit/round.ts'
import type { Scenario, Verdict } from '../kit/scenario.ts'
import { createTopic, order, write, writeOrders } from '../kit/topics.ts'

const rounds = { full: 3, short: 1 }

async function captured(round: Round, topic: string, expectedNow?: () => Promise<Expected>): Promise<Verdict> {
  const { brokers } = await round.world.kafka()
  const archive = await round.archive(brokers)
  await round.captureToEnd(archive, topic)
  return round.judge(archive, topic, await (expectedNow?.() ?? expectedOf(brokers, topic)))
}

/** Records that compaction took are missing from the topic, or go while they are captured. */
const compacted: Scenario = {
  name: 'a compacted topic',
  rounds,
  async run(round) {
    const { brokers } = await round.world.kafka()
    const config = {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.001',
      'max.compaction.lag.ms': '100',
      'min.compaction.lag.ms': '0',
    }
    const topic = await createTopic(brokers, 'compacted', { config })
    await writeOrders(brokers, topic, { to: 1_000 })
    const written = await expectedOf(brokers, topic)
    for (let at = 1_000; (await readCommitted(brokers, topic)).length > 900; at += 1) {
      // A segment is only cleaned after it was rolled, which a new record does; the cleaner tells nobody when it is done.
      await writeOrders(brokers, topic, { from: at, to: at + 1 })
      await sleep(300)
    }
    const before = overtaken(written, await expectedOf(brokers, topic))
    return captured(round, topic, async () => overtaken(before, await expectedOf(brokers, topic)))
  },
}

/** The broker's clock stamps the batches, whatever the producer said. */
const appendTime: Scenario = {
  name: 'a topic with LogAppendTime',
  rounds,
  async run(round) {
    const { brokers } = await round.world.kafka()
    const topic = await createTopic(brokers, 'stamped', { config: { 'message.timestamp.type': 'LogAppendTime' } })
    await writeOrders(brokers, topic, { to: 1_000 })
    return captured(round, topic)
  },
}

const stamps = [0, -1, 1, 86_399_999, Date.UTC(1970, 5), Date.UTC(2026, 0), Date.UTC(9999, 11, 31, 23, 59, 59, 999)]

/** Timestamps at the ends of what there is; -1 is Kafka's word for none. */
const extremeStamps: Scenario = {
  name: 'timestamps 0, -1, 1970 and 9999',
  rounds,
  async run(round) {
    const { brokers } = await round.world.kafka()
    const topic = await createTopic(brokers, 'stamps')
    const batches = Array.from({ length: 5 }, (_, turn) =>
      stamps.map((stamp, i) => ({ ...order(turn * 10 + i, 1), timestamp: String(stamp) })),
    )
    await write(brokers, topic, [...batches, ...stamps.map((stamp) => [{ ...order(0, 1), timestamp: String(stamp) }])])
    return captured(round, topic)
  },
}

/** One record is larger than everything else, and far larger than a fetch may be. */
const largeRecord: Scenario = {
  name: 'a record of 10 MB',
  rounds,
  async run(round) {
    const { brokers } = await round.world.kafka()
    const topic = await createTopic(brokers, 'large', { config: { 'max.message.bytes': '12582912' } })
    await writeOrders(brokers, topic, { to: 300 })
    await write(brokers, topic, [[{ ...order(300, 1), value: randomBytes(10_000_000) }]])
    await writeOrders(brokers, topic, { from: 301, to: 600 })
    return captured(round, topic)
  },
}

/** Topics that hold what is rare. */
export const unusualRecords: Scenario[] = [compacted, appendTime, extremeStamps, largeRecord]
