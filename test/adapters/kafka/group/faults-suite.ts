import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { consumerGroupHeartbeatV1, joinGroupV7, leaveGroupV4, syncGroupV5 } from '@platformatic/kafka'
import { KafkaCluster } from '../../../../src/adapters/kafka/cluster.ts'
import { type KafkaServer, startKafka } from '../../../kit/kafka.ts'
import { CuttingProxy } from '../cutting-proxy.ts'
import { independentClient } from '../judge.ts'
import { GroupOf, shortSessions, Topics } from './group-of.ts'
import { all, Listening } from './listening.ts'

/** Requests that make up a membership. */
const membershipKeys = { 0: [11, 14, 12], 1: [68] } as const

/** What becomes of a member when something goes wrong, whichever protocol the broker speaks. */
export function faultsSuite(title: string, groupVersion: 0 | 1): void {
  describe(title, () => {
    let kafka: KafkaServer
    let proxy: CuttingProxy
    let brokers: string[]
    let topics: Topics
    before(async () => {
      proxy = await CuttingProxy.listen()
      const { features, config } = shortSessions(groupVersion)
      const advertised = { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` }
      kafka = await startKafka({ features, config: { ...config, ...advertised } })
      proxy.forwardTo(Number(kafka.brokers[0]!.split(':')[1]))
      brokers = [`127.0.0.1:${proxy.port}`]
      topics = await Topics.of(kafka)
    })
    after(async () => {
      await topics.close()
      proxy.close()
      await kafka.stop()
    })

    /** Says farewell in a member's name, so that the group does not know it any more. */
    async function evict(group: string, memberId: string): Promise<void> {
      const cluster = new KafkaCluster({ brokers, clientId: 'impostor' })
      const coordinator = await cluster.coordinator('group', group)
      const code =
        groupVersion === 1
          ? await coordinator.call(
              consumerGroupHeartbeatV1.api,
              group,
              memberId,
              -1,
              null,
              null,
              -1,
              null,
              null,
              null,
              null,
            )
          : await coordinator.call(leaveGroupV4.api, group, [{ memberId }])
      assert.equal(code.errorCode, 0)
      await cluster.close()
    }

    it('lets go of everything before it joins again when the group counted it out', async () => {
      await using group = new GroupOf(brokers)
      const topic = await topics.create(4)
      const first = await group.join([topic])
      await first.listener.hasCount(4)
      first.listener.hold()
      await evict(group.name, first.member.memberId)
      await first.listener.until('the loss', () => first.listener.told.at(-1)?.length === 0)
      await assert.rejects(first.member.acknowledge([{ topic, partition: 0, next: 1n }]), {
        name: 'UnavailableError',
        code: 'group-membership-lost',
      })
      const second = await group.join([topic])
      await second.listener.hasCount(4)
      first.listener.release()
      await Promise.all([first.listener.hasCount(2), second.listener.hasCount(2)])
      await first.member.acknowledge([{ topic, partition: 0, next: 1n }])
      assert.deepEqual(first.listener.failures, [])
    })

    it('joins again after it was silent for longer than its session', async () => {
      await using group = new GroupOf(brokers)
      const topic = await topics.create(4)
      const first = await group.join([topic])
      await first.listener.hasCount(4)
      proxy.stall()
      const second = await group.join([topic])
      await second.listener.hasCount(4)
      assert.equal(first.listener.told.length, 1)
      proxy.resume()
      await first.listener.until('the loss', () => first.listener.told[1]?.length === 0)
      await Promise.all([first.listener.hasCount(2), second.listener.hasCount(2)])
      assert.deepEqual(first.listener.failures, [])
    })

    it('joins again when the group was deleted while it was silent', async () => {
      await using group = new GroupOf(brokers)
      const topic = await topics.create(2)
      const { listener, member } = await group.join([topic])
      await listener.hasCount(2)
      // Connections of before are stalled, the test's own too.
      proxy.stall()
      const admin = await Topics.of(kafka)
      await evict(group.name, member.memberId)
      await admin.deleteGroup(group.name)
      await admin.close()
      proxy.resume()
      await listener.until('the loss', () => listener.told[1]?.length === 0)
      await listener.hasCount(2)
      assert.deepEqual(listener.failures, [])
    })

    for (const key of membershipKeys[groupVersion]) {
      it(`keeps what it has when answers to request ${key} are lost`, async () => {
        await using group = new GroupOf(brokers)
        const topic = await topics.create(4)
        const first = await group.join([topic])
        await first.listener.hasCount(4)
        proxy.cut(key, 3)
        const second = await group.join([topic])
        await Promise.all([first.listener.hasCount(2), second.listener.hasCount(2)])
        while (proxy.cuts < 3) await first.member.acknowledge([{ topic, partition: 0, next: 1n }])
        await topics.grow(topic, 6)
        await Promise.all([first.listener.hasCount(3), second.listener.hasCount(3)])
        for (const { listener } of [first, second]) {
          assert.deepEqual(listener.failures, [])
          assert.ok(listener.told.every((share) => share.length > 0))
        }
      })
    }

    it('ends for good when its listener fails, and leaves its share to others', async () => {
      await using group = new GroupOf(brokers)
      const topic = await topics.create(2)
      const broken = new Error('no disk left')
      class Failing extends Listening {
        override assigned(): Promise<void> {
          return Promise.reject(broken)
        }
      }
      const first = await group.join([topic], new Failing())
      await first.listener.until('the failure', () => first.listener.failures.length > 0)
      const second = await group.join([topic])
      await second.listener.has(...all(topic, 2))
      await first.member.leave()
      assert.deepEqual(first.listener.failures, [broken])
    })

    it('does not join a group that something else uses', async () => {
      await using group = new GroupOf(brokers)
      const topic = await topics.create(1)
      const cluster = new KafkaCluster({ brokers, clientId: 'connect-worker' })
      const coordinator = await cluster.coordinator('group', group.name)
      const join = (memberId: string): Promise<joinGroupV7.JoinGroupResponse> =>
        coordinator.call(joinGroupV7.api, group.name, 30_000, 30_000, memberId, null, 'connect', [
          { name: 'sessioned', metadata: Buffer.alloc(0) },
        ])
      const { memberId, generationId } = await join((await join('')).memberId)
      const assignments = [{ memberId, assignment: Buffer.alloc(0) }]
      await coordinator.call(
        syncGroupV5.api,
        group.name,
        generationId,
        memberId,
        null,
        'connect',
        'sessioned',
        assignments,
      )
      await assert.rejects(group.join([topic]), { name: 'ConflictError', code: 'group-in-use' })
      await cluster.close()
    })

    // With KIP-848 the coordinator takes over consumers of a classic group, whatever their own assignor.
    if (groupVersion === 0) {
      it('does not join the consumers of a client that divides otherwise', async () => {
        await using group = new GroupOf(brokers)
        const topic = await topics.create(1)
        const consumer = independentClient(kafka.brokers).consumer({ groupId: group.name })
        const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
        await consumer.connect()
        try {
          await consumer.subscribe({ topic })
          await consumer.run({ eachMessage: () => Promise.resolve() })
          await joined
          await assert.rejects(group.join([topic]), { name: 'ConflictError', code: 'group-in-use' })
        } finally {
          await consumer.disconnect()
        }
      })
    }
  })
}
