import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type KafkaServer, startKafka } from '../../../kit/kafka.ts'
import { GroupOf, shortSessions, Topics } from './group-of.ts'
import { all, Listening } from './listening.ts'

/** What membership promises, whichever protocol the broker speaks. */
export function membershipSuite(title: string, groupVersion: 0 | 1): void {
  describe(title, () => {
    let kafka: KafkaServer
    let topics: Topics
    before(async () => {
      kafka = await startKafka(shortSessions(groupVersion))
      topics = await Topics.of(kafka)
    })
    after(async () => {
      await topics.close()
      await kafka.stop()
    })

    it('gives everything to the only member, by the identity of each topic', async () => {
      await using group = new GroupOf(kafka.brokers)
      const [one, two] = [await topics.create(3), await topics.create(2)]
      const { listener, member } = await group.join([one, two, 'no-such-topic'])
      await listener.has(...all(one, 3), ...all(two, 2))
      assert.ok(member.memberId.length > 0)
      assert.equal(new Set(listener.latest.map(({ incarnationId }) => incarnationId)).size, 2)
      assert.equal(listener.told.length, 1)
    })

    it('gives a second member its share only when the first has let go of it', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(4)
      const first = await group.join([topic])
      await first.listener.hasCount(4)
      first.listener.hold()
      const second = await group.join([topic])
      await first.listener.until('a smaller share', () => first.listener.told.at(-1)?.length === 2)
      // What a third is told twice proves that the group has gone on meanwhile, with answers to everyone.
      const [one, other] = [await topics.create(1), await topics.create(1)]
      const third = await group.join([one])
      await third.listener.has(`${one}/0`)
      third.member.subscribe([other])
      await third.listener.has(`${other}/0`)
      assert.deepEqual(second.listener.told, [])
      first.listener.release()
      await second.listener.hasCount(2)
      assert.deepEqual([...first.listener.held, ...second.listener.held].sort(), all(topic, 4))
    })

    it('never interrupts what stays', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(6)
      const first = await group.join([topic])
      await first.listener.hasCount(6)
      const others = [await group.join([topic]), await group.join([topic])]
      for (const { listener } of others) await listener.hasCount(2)
      await first.listener.hasCount(2)
      for (const share of first.listener.told) {
        for (const kept of first.listener.held) assert.ok(share.includes(kept), `${kept} was taken away for a while`)
      }
      const joint = [first, ...others].flatMap(({ listener }) => listener.held)
      assert.deepEqual(joint.sort(), all(topic, 6))
    })

    it('tells a listener that is busy only the newest share afterwards', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(6)
      const first = await group.join([topic])
      await first.listener.hasCount(6)
      first.listener.hold()
      const second = await group.join([topic])
      await first.listener.until('the first change', () => first.listener.told.length === 2)
      await second.member.leave()
      first.listener.release()
      await first.listener.hasCount(6)
      assert.ok(first.listener.told.length <= 4)
    })

    it('gives back at once what a member that leaves had, and never calls its listener again', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(4)
      const first = await group.join([topic])
      await first.listener.hasCount(4)
      const second = await group.join([topic])
      await second.listener.hasCount(2)
      const told = first.listener.told.length
      await first.member.leave()
      await first.member.leave()
      await second.listener.has(...all(topic, 4))
      assert.equal(first.listener.told.length, told)
      assert.deepEqual(first.listener.failures, [])
    })

    it('lets the listener finish before it leaves', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(2)
      const listener = new Listening()
      listener.hold()
      const first = await group.join([topic], listener)
      await listener.until('its share', () => listener.told.length === 1)
      const second = await group.join([topic])
      let left = false
      const leaving = first.member.leave().then(() => {
        left = true
      })
      const other = await topics.create(1)
      const third = await group.join([other])
      await third.listener.has(`${other}/0`)
      assert.equal(left, false)
      listener.release()
      await leaving
      await second.listener.has(...all(topic, 2))
      assert.equal(listener.told.length, 1)
    })

    it('gives to the others what a killed member had', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(4)
      const first = await group.join([topic])
      await first.listener.hasCount(4)
      const second = await group.join([topic])
      await second.listener.hasCount(2)
      await first.kill()
      await second.listener.has(...all(topic, 4))
      assert.deepEqual(
        first.listener.failures.map((error) => 'code' in error && error.code),
        ['broker-connection-closed'],
      )
    })

    it('takes other topics when it subscribes to them', async () => {
      await using group = new GroupOf(kafka.brokers)
      const [one, two, three] = [await topics.create(2), await topics.create(1), await topics.create(1)]
      const { listener, member } = await group.join([one])
      await listener.has(...all(one, 2))
      member.subscribe([one, two])
      await listener.has(...all(one, 2), ...all(two, 1))
      member.subscribe([three])
      await listener.has(...all(three, 1))
      member.subscribe([])
      await listener.has()
    })

    it('may begin with no topic, and with one that is created later', async () => {
      await using group = new GroupOf(kafka.brokers)
      const { listener, member } = await group.join([])
      const later = `later-${group.name}`
      member.subscribe([later])
      await topics.create(2, later)
      await listener.has(...all(later, 2))
    })

    it('takes partitions that a topic gets', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(2)
      const first = await group.join([topic])
      const second = await group.join([topic])
      await second.listener.hasCount(1)
      await topics.grow(topic, 6)
      await Promise.all([first.listener.hasCount(3), second.listener.hasCount(3)])
      assert.deepEqual([...first.listener.held, ...second.listener.held].sort(), all(topic, 6))
    })

    it('tells a topic from a namesake that took its place', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(1)
      const { listener } = await group.join([topic])
      await listener.has(`${topic}/0`)
      const [old] = listener.latest
      await topics.delete(topic)
      await topics.create(2, topic)
      const isNew = (): boolean => listener.latest.every(({ incarnationId }) => incarnationId !== old!.incarnationId)
      await listener.until('the new topic', () => !listener.busy && listener.latest.length === 2 && isNew())
    })

    it('acknowledges in its own name, so that lag tools of others see it', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(2)
      const { listener, member } = await group.join([topic])
      await listener.hasCount(2)
      await member.acknowledge([
        { topic, partition: 0, next: 7n, note: 'up to the hour' },
        { topic, partition: 1, next: 9n },
      ])
      assert.deepEqual(await topics.offsets(group.name, topic), { 0: '7', 1: '9' })
      const table = await kafka.javaTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', [
        ...['--bootstrap-server', kafka.brokers[0]!, '--describe', '--group', group.name],
      ])
      const line = table.split('\n').find((row) => row.includes(topic) && /\s0\s+7\s/.test(row))
      assert.ok(line?.includes(member.memberId), table)
    })

    it('acknowledges also while shares change', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(4)
      const first = await group.join([topic])
      await first.listener.hasCount(4)
      first.listener.hold()
      const joining = group.join([topic])
      for (let next = 1n; !first.listener.busy || next < 20n; next += 1n) {
        await first.member.acknowledge([{ topic, partition: 0, next }])
      }
      first.listener.release()
      const second = await joining
      await second.listener.hasCount(2)
      await first.member.acknowledge([{ topic, partition: 0, next: 1000n }])
      assert.equal((await topics.offsets(group.name, topic))[0], '1000')
    })

    it('survives a restart of its coordinator', async () => {
      await using group = new GroupOf(kafka.brokers)
      const topic = await topics.create(2)
      const { listener, member } = await group.join([topic])
      await listener.hasCount(2)
      await kafka.restart()
      await topics.close()
      topics = await Topics.of(kafka)
      await topics.grow(topic, 3)
      await listener.has(...all(topic, 3))
      await member.acknowledge([{ topic, partition: 2, next: 1n }])
      assert.deepEqual(listener.failures, [])
    })
  })
}
