import type { Admin } from 'kafkajs'
import { independentClient } from '../../adapters/kafka/judge.ts'
import type { KafkaServer } from '../../kit/kafka.ts'
import { expectedOf } from '../kit/expected.ts'
import { archivedBy, type Round, stop } from '../kit/round.ts'
import type { Scenario, Verdict } from '../kit/scenario.ts'
import { createTopic, endsOf, writeOrders } from '../kit/topics.ts'

const partitions = 2
const portion = 4_000
/** Commits that pass before the trouble, of about twenty. */
const calmCommits = 5

interface Trouble {
  brokers: readonly string[]
  topic: string
  /** Runs while the capture is in the middle of its work. */
  happens(): Promise<unknown>
  /** Runs when the capture has done its work in spite of that. */
  endsBy?(): Promise<unknown>
}

/** A continuous capture lives through trouble of its brokers and archives what was there before and what came after. */
async function live(round: Round, { brokers, topic, happens, endsBy }: Trouble): Promise<Verdict> {
  await writeOrders(brokers, topic, { to: portion, partitions })
  const ends = await endsOf(brokers, topic)
  const archive = await round.archive(brokers)
  let troubled: Promise<unknown> | null = null
  archive.proxy.handler = archive.watch.handler(async ({ step, earlier }, forward) => {
    if (step === 'commit' && earlier >= calmCommits) {
      troubled ??= happens()
      await troubled
    }
    return forward()
  })
  const capture = round.start(['capture', await round.connector(topic)], archive.settings)
  await archivedBy(capture, archive, topic, ends)
  await endsBy?.()
  await writeOrders(brokers, topic, { from: portion, to: 2 * portion, partitions })
  await archivedBy(capture, archive, topic, await endsOf(brokers, topic))
  const { code, stderr } = await stop(capture)
  if (code !== 0) throw new Error(`capture ended with ${code}: ${stderr}`)
  return round.judge(archive, topic, await expectedOf(brokers, topic))
}

/** The only broker is killed while it is fetched from, and started again. */
const restarted: Scenario = {
  name: 'broker: killed and started again',
  rounds: { full: 4, short: 1 },
  async run(round) {
    const kafka = await round.world.victim()
    const topic = await createTopic(kafka.brokers, 'restarted', { partitions })
    return live(round, { brokers: kafka.brokers, topic, happens: () => killAndRestart(kafka) })
  },
}

async function killAndRestart(kafka: KafkaServer): Promise<void> {
  await kafka.kill()
  await kafka.restart()
}

async function adminOf(round: Round, brokers: readonly string[]): Promise<Admin> {
  const admin = independentClient(brokers).admin()
  await admin.connect()
  round.closeLater(() => admin.disconnect())
  return admin
}

/** Waits until these brokers lead the topic's partitions. */
async function leadBy(admin: Admin, topic: string, wanted: string): Promise<void> {
  for (let leaders = ''; leaders !== wanted; ) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const partitions = [...(topics[0]?.partitions ?? [])].sort((a, b) => a.partitionId - b.partitionId)
    leaders = partitions.map(({ leader }) => leader).join()
  }
}

/** A leader is killed; the other broker leads from then on. */
const leaderKilled: Scenario = {
  name: 'broker: a leader is killed',
  rounds: { full: 4, short: 1 },
  async run(round) {
    const [first, second] = await round.world.pair()
    const topic = await createTopic(first.brokers, 'led', {
      replicas: [
        [1, 2],
        [2, 1],
      ],
    })
    const admin = await adminOf(round, first.brokers)
    let isUp = true
    const happens = async (): Promise<void> => {
      isUp = false
      await second.kill()
      await leadBy(admin, topic, '1,1')
    }
    const endsBy = async (): Promise<void> => {
      if (!isUp) await second.restart()
      isUp = true
    }
    round.closeLater(endsBy)
    return live(round, { brokers: first.brokers, topic, happens, endsBy })
  },
}

/** Both partitions move to the other broker, with their records. */
const leaderMoved: Scenario = {
  name: 'broker: leaders move',
  rounds: { full: 4, short: 0 },
  async run(round) {
    const [{ brokers }] = await round.world.pair()
    const topic = await createTopic(brokers, 'moved', { replicas: [[1], [2]] })
    const admin = await adminOf(round, brokers)
    const happens = async (): Promise<void> => {
      const partitionAssignment = [2, 1].map((replica, partition) => ({ partition, replicas: [replica] }))
      await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] })
      await leadBy(admin, topic, '2,1')
    }
    return live(round, { brokers, topic, happens })
  },
}

/** Brokers go, come and hand over while they are read from. */
export const brokerTroubles: Scenario[] = [restarted, leaderKilled, leaderMoved]
