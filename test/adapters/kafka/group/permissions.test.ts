import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import kafkajs, { type Admin } from 'kafkajs'
import { KafkaEventLog } from '../../../../src/adapters/kafka/index.ts'
import { type KafkaServer, startKafka } from '../../../kit/kafka.ts'
import { shortSessions } from './group-of.ts'
import { all, Listening } from './listening.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } = kafkajs
const password = 'a-secret-of-the-test'
const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
const denied = { name: 'UnavailableError', code: 'broker-permission-denied' }
const topic = 'guarded'
const group = 'archive'

for (const groupVersion of [0, 1] as const) {
  describe(`a member that lacks permissions, group version ${groupVersion}`, () => {
    let kafka: KafkaServer
    let admin: Admin
    let log: KafkaEventLog

    before(async () => {
      const { features, config } = shortSessions(groupVersion)
      kafka = await startKafka({
        features,
        config: {
          ...config,
          'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
          'inter.broker.listener.name': 'PLAINTEXT',
          'sasl.enabled.mechanisms': 'PLAIN',
          'sasl.mechanism.inter.broker.protocol': 'PLAIN',
          'listener.name.plaintext.plain.sasl.jaas.config': `${login} username="admin" password="${password}" user_admin="${password}" user_reader="${password}";`,
          'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          'super.users': 'User:admin;User:ANONYMOUS',
        },
      })
      const sasl = { mechanism: 'plain', username: 'admin', password } as const
      admin = new Kafka({ brokers: kafka.brokers, sasl, logLevel: logLevel.NOTHING }).admin()
      await admin.connect()
      await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })
      log = await KafkaEventLog.connect({
        brokers: kafka.brokers,
        clientId: 'group-test',
        sasl: { mechanism: 'PLAIN', username: 'reader', password },
      })
    })
    after(async () => {
      await log.close()
      await admin.disconnect()
      await kafka.stop()
    })

    const onGroup = { resourceType: AclResourceTypes.GROUP, resourceName: group, operation: AclOperationTypes.READ }
    const onTopic = { resourceType: AclResourceTypes.TOPIC, resourceName: topic, operation: AclOperationTypes.READ }
    const asReader = {
      principal: 'User:reader',
      host: '*',
      permissionType: AclPermissionTypes.ALLOW,
      resourcePatternType: ResourcePatternTypes.LITERAL,
    }

    /** The answer to createAcls may come before the broker goes by them. */
    const allow = async (what: typeof onGroup): Promise<void> => {
      await admin.createAcls({ acl: [{ ...asReader, ...what }] })
      for (let known = false; !known; ) {
        const { resources } = await admin.describeAcls({ ...asReader, ...what })
        known = resources.length > 0
      }
    }

    it('is told so, of the group, then of the topic, and when a permission is taken away later', async () => {
      const listener = new Listening()
      const join = (): ReturnType<KafkaEventLog['joinGroup']> => log.joinGroup({ group, topics: [topic], listener })
      await assert.rejects(join(), { ...denied, message: /archive/ })
      await allow(onGroup)
      await assert.rejects(join(), { ...denied, message: /topic/ })
      await allow(onTopic)
      const member = await join()
      await listener.has(...all(topic, 2))
      await admin.deleteAcls({ filters: [{ ...asReader, ...onGroup }] })
      await listener.until('the failure', () => listener.failures.length > 0)
      const { name, code } = listener.failures[0] as Error & { code?: string }
      assert.deepEqual({ name, code }, denied)
      await assert.rejects(member.acknowledge([{ topic, partition: 0, next: 1n }]), denied)
      await member.leave()
    })
  })
}
