import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { KafkaEventLog } from '../../../../src/adapters/kafka/index.ts'
import type { WorkMember } from '../../../../src/ports/group-membership.ts'
import { type KafkaServer, startKafka } from '../../../kit/kafka.ts'
import { independentClient } from '../judge.ts'
import { Listening } from './listening.ts'
import { Working } from './working.ts'

const slots = 6
const child = fileURLToPath(new URL('work-child.ts', import.meta.url))

/** The sessions that brokers allow unless told otherwise. */
const sessionTimeoutMs = 6_000

for (const groupVersion of [0, 1]) {
  describe(`work divided into slots, group version ${groupVersion}`, () => {
    let kafka: KafkaServer
    let log: KafkaEventLog

    before(async () => {
      kafka = await startKafka({ features: { 'group.version': groupVersion } })
      log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'work-test' })
    })
    after(async () => {
      await log.close()
      await kafka.stop()
    })

    async function join(group: string, count = slots): Promise<{ working: Working; member: WorkMember }> {
      const working = new Working()
      return { working, member: await log.joinWork({ group, slots: count, sessionTimeoutMs, listener: working }) }
    }

    const union = (...of: { working: Working }[]): number[] =>
      of.flatMap(({ working }) => working.slots).sort((a, b) => a - b)
    const all = Array.from({ length: slots }, (_, slot) => slot)

    it('is shared evenly, each slot by one, as members come and go, and nobody creates a topic for it', async () => {
      const group = `work-${randomUUID()}`
      const first = await join(group)
      await first.working.hasCount(6)
      assert.deepEqual(first.working.told, [all])
      const second = await join(group)
      await Promise.all([first.working.hasCount(3), second.working.hasCount(3)])
      assert.deepEqual(union(first, second), all)
      const third = await join(group)
      await Promise.all([first, second, third].map(({ working }) => working.hasCount(2)))
      assert.deepEqual(union(first, second, third), all)
      await second.member.leave()
      await Promise.all([first.working.hasCount(3), third.working.hasCount(3)])
      assert.deepEqual(union(first, third), all)
      await third.member.leave()
      await first.working.hasCount(6)
      await first.member.leave()
      assert.deepEqual(
        [first, second, third].flatMap(({ working }) => working.failures),
        [],
      )
      const admin = independentClient(kafka.brokers).admin()
      await admin.connect()
      assert.deepEqual(
        (await admin.listTopics()).filter((topic) => !topic.startsWith('__')),
        [],
      )
      await admin.disconnect()
    })

    it('is given to another only when whoever has it has let go of it', async () => {
      const group = `work-${randomUUID()}`
      const first = await join(group)
      await first.working.hasCount(6)
      first.working.hold()
      const second = await join(group)
      await first.working.until('a smaller share', () => first.working.slots.length === 3)
      // Another change is told to a third, which proves that the group has gone on meanwhile.
      const third = await join(group, 1)
      await third.working.hasCount(1)
      assert.deepEqual(second.working.told, [])
      first.working.release()
      await second.working.hasCount(3)
      for (const { member } of [first, second, third]) await member.leave()
    })

    it('is taken over from an instance that is killed', async () => {
      const group = `work-${randomUUID()}`
      const args = [child, kafka.brokers[0]!, group, String(slots), String(sessionTimeoutMs)]
      const doomed = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(doomed.stdout, 'data')
      const survivor = await join(group)
      await survivor.working.hasCount(3)
      doomed.kill('SIGKILL')
      await survivor.working.hasCount(6)
      assert.deepEqual(survivor.working.slots, all)
      await survivor.member.leave()
    })

    it('is divided apart by instances that know other numbers of slots', async () => {
      const group = `work-${randomUUID()}`
      const old = [await join(group, 2), await join(group, 2)]
      const young = await join(group, 4)
      await young.working.hasCount(4)
      await Promise.all(old.map(({ working }) => working.hasCount(1)))
      assert.deepEqual(young.working.slots, [0, 1, 2, 3])
      for (const { member } of [...old, young]) await member.leave()
    })

    it('says so when the session is shorter than brokers allow, or the group is one of consumers', async () => {
      const group = `work-${randomUUID()}`
      const listener = new Working()
      const short = { group, slots, sessionTimeoutMs: 100, listener }
      await assert.rejects(log.joinWork(short), { name: 'InvalidInputError', code: 'session-timeout-refused' })
      await assert.rejects(log.joinWork({ ...short, slots: 0 }), { code: 'work-options-invalid' })
      const topic = `topic-${randomUUID()}`
      await log.createTarget(topic, { partitions: 1, config: {}, maxRecordBytes: 1 })
      const consumers = await log.joinGroup({ group, topics: [topic], listener: new Listening() })
      await assert.rejects(log.joinWork({ group, slots, sessionTimeoutMs, listener }), {
        name: 'ConflictError',
        code: 'group-in-use',
      })
      await consumers.leave()
    })
  })
}
