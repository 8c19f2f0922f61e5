import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KafkaEventLog } from '../../../../src/adapters/kafka/index.ts'
import { type KafkaServer, type KafkaServerOptions, startKafka } from '../../../kit/kafka.ts'
import { GroupOf, shortSessions, Topics } from './group-of.ts'
import { all, Listening } from './listening.ts'

/** What Kafka's own tool says of a group's kind: `consumer` is KIP-848. */
async function kindOf(kafka: KafkaServer, group: string): Promise<string | undefined> {
  const table = await kafka.javaTool('org.apache.kafka.tools.GroupsCommand', [
    ...['--bootstrap-server', kafka.brokers[0]!, '--list'],
  ])
  const line = table.split('\n').find((row) => row.includes(group))
  return line?.split(/\s+/)[1]
}

describe('the protocol of a group', () => {
  const brokers: [what: string, options: KafkaServerOptions, kind: string][] = [
    ['the one of KIP-848 where brokers have it', shortSessions(1), 'Consumer'],
    [
      'the classic one where brokers have the other and may not use it',
      { config: { 'group.coordinator.rebalance.protocols': 'classic' } },
      'Classic',
    ],
  ]
  for (const [what, options, kind] of brokers) {
    it(`is ${what}`, async () => {
      const kafka = await startKafka(options)
      const topics = await Topics.of(kafka)
      const topic = await topics.create(2)
      const log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'group-test' })
      const listener = new Listening()
      const member = await log.joinGroup({ group: 'archive', topics: [topic], listener })
      await listener.has(...all(topic, 2))
      assert.equal(await kindOf(kafka, 'archive'), kind)
      await member.leave()
      await log.close()
      await topics.close()
      await kafka.stop()
    })
  }

  it('is the classic one on an old release', async () => {
    const kafka = await startKafka({ version: '3.9.1', config: shortSessions(0).config })
    const topics = await Topics.of(kafka)
    const topic = await topics.create(4)
    {
      await using group = new GroupOf(kafka.brokers)
      const first = await group.join([topic])
      await first.listener.hasCount(4)
      const second = await group.join([topic])
      await Promise.all([first.listener.hasCount(2), second.listener.hasCount(2)])
      await second.member.acknowledge([{ topic, partition: 0, next: 5n }])
      assert.equal((await topics.offsets(group.name, topic))[0], '5')
      await first.member.leave()
      await second.listener.hasCount(4)
    }
    await topics.close()
    await kafka.stop()
  })

  it('may change under a group when its brokers are upgraded, and nothing is interrupted', async () => {
    const kafka = await startKafka(shortSessions(0))
    const topics = await Topics.of(kafka)
    const topic = await topics.create(4)
    {
      await using group = new GroupOf(kafka.brokers)
      const classic = await group.join([topic])
      await classic.listener.hasCount(4)
      await kafka.javaTool('org.apache.kafka.tools.FeatureCommand', [
        ...['--bootstrap-server', kafka.brokers[0]!, 'upgrade', '--feature', 'group.version=1'],
      ])
      const newer = await group.join([topic])
      await Promise.all([classic.listener.hasCount(2), newer.listener.hasCount(2)])
      assert.deepEqual([...classic.listener.held, ...newer.listener.held].sort(), all(topic, 4))
      assert.equal(await kindOf(kafka, group.name), 'Consumer')
      await newer.member.acknowledge([{ topic, partition: 0, next: 5n }])
      await classic.member.acknowledge([{ topic, partition: 1, next: 6n }])
      await newer.member.leave()
      await classic.listener.hasCount(4)
      assert.deepEqual([...classic.listener.failures, ...newer.listener.failures], [])
      assert.ok(classic.listener.told.every((share) => share.length > 0))
    }
    await topics.close()
    await kafka.stop()
  })
})
