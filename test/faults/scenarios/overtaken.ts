import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { independentClient } from '../../adapters/kafka/judge.ts'
import type { KafkaServer } from '../../kit/kafka.ts'
import { succeeded } from '../kit/coldstream.ts'
import { type Expected, expectedOf, overtaken } from '../kit/expected.ts'
import type { Verification } from '../kit/judge.ts'
import type { Round, WatchedArchive } from '../kit/round.ts'
import type { Scenario, Verdict } from '../kit/scenario.ts'
import { createTopic, order, write, writeOrders } from '../kit/topics.ts'

const portion = 3_000
const rounds = { full: 4, short: 1 }
const hourMs = 3_600_000

async function deleteBelow(round: Round, server: KafkaServer, topic: string, offset: number): Promise<void> {
  const file = join(round.folder, 'delete.json')
  await writeFile(file, JSON.stringify({ version: 1, partitions: [{ topic, partition: 0, offset }] }))
  await server.javaTool('org.apache.kafka.tools.DeleteRecordsCommand', [
    ...['--bootstrap-server', server.brokers[0]!, '--offset-json-file', file],
  ])
}

/** What is gone has to be named as what retention took. */
function hasRetentionGap({ gaps }: Verification): void {
  if (!gaps.some(({ reason }) => reason === 'retention')) throw new Error(`no retention gap: ${JSON.stringify(gaps)}`)
}

async function judgeRest(round: Round, archive: WatchedArchive, topic: string, before: Expected): Promise<Verdict> {
  const { brokers } = await round.world.kafka()
  const expected = overtaken(before, await expectedOf(brokers, topic))
  return round.judge(archive, topic, expected, hasRetentionGap)
}

const stopped: Scenario = {
  name: 'DeleteRecords overtakes a stopped capture',
  rounds: { full: 4, short: 0 },
  async run(round) {
    const { brokers, server } = await round.world.kafka()
    const topic = await createTopic(brokers, 'deleted')
    await writeOrders(brokers, topic, { to: portion })
    const archive = await round.archive(brokers)
    await round.captureToEnd(archive, topic)
    await writeOrders(brokers, topic, { from: portion, to: 2 * portion })
    const before = await expectedOf(brokers, topic)
    await deleteBelow(round, server, topic, portion + 1_250)
    await round.captureToEnd(archive, topic)
    return judgeRest(round, archive, topic, before)
  },
}

const running: Scenario = {
  name: 'DeleteRecords overtakes a running capture',
  rounds,
  async run(round) {
    const { brokers, server } = await round.world.kafka()
    const topic = await createTopic(brokers, 'deleted')
    await writeOrders(brokers, topic, { to: 2 * portion })
    const before = await expectedOf(brokers, topic)
    const archive = await round.archive(brokers)
    const capture = round.start(['capture', await round.connector(topic), '--until-end'], archive.settings)
    // Standing still before its first intent it has read no further than its fetches reach.
    const reached = Promise.withResolvers<void>()
    const goesOn = Promise.withResolvers<void>()
    let isHeld = false
    archive.proxy.handler = archive.watch.handler(async ({ step }, forward) => {
      if (step === 'intent' && !isHeld) {
        isHeld = true
        capture.process.kill('SIGSTOP')
        reached.resolve()
        await goesOn.promise
      }
      return forward()
    })
    await reached.promise
    await deleteBelow(round, server, topic, 2 * portion - 250)
    capture.process.kill('SIGCONT')
    goesOn.resolve()
    succeeded('capture', await capture.ended)
    return judgeRest(round, archive, topic, before)
  },
}

/** Retention by age takes all that was there, then new records come. */
const aged: Scenario = {
  name: 'retention overtakes a stopped capture',
  rounds,
  async run(round) {
    const { brokers } = await round.world.kafka()
    const topic = await createTopic(brokers, 'aged')
    await writeOrders(brokers, topic, { to: portion })
    const archive = await round.archive(brokers)
    await round.captureToEnd(archive, topic)
    await writeOrders(brokers, topic, { from: portion, to: portion + 500 })
    const before = await expectedOf(brokers, topic)
    const admin = independentClient(brokers).admin()
    await admin.connect()
    const configEntries = [{ name: 'retention.ms', value: String(hourMs) }]
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] })
    const isGone = async (): Promise<boolean> =>
      (await admin.fetchTopicOffsets(topic)).every(({ low, high }) => low === high)
    // The broker looks for what is too old twice a second and tells nobody.
    while (!(await isGone())) await sleep(100)
    await admin.disconnect()
    const now = Array.from({ length: 300 }, (_, i) => ({ ...order(i, 1), timestamp: String(Date.now()) }))
    await write(brokers, topic, [now])
    await round.captureToEnd(archive, topic)
    return judgeRest(round, archive, topic, before)
  },
}

/** The broker deletes what is not archived yet. */
export const overtakenCaptures: Scenario[] = [stopped, running, aged]
