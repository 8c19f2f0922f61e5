import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import kafkajs, { type Admin } from 'kafkajs'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } = kafkajs
const password = 'a-secret-of-the-test'
const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
const share = { replay: 'rebuild', task: 0, tasks: 8 }
const creation = (topic: string, config: Record<string, string> = {}) => ({
  topic,
  options: { partitions: 2, config, maxRecordBytes: 1 },
})

type Operation = 'CREATE' | 'READ' | 'WRITE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS'

describe('what a writer would be refused', () => {
  let kafka: KafkaServer
  let admin: Admin
  let log: KafkaEventLog

  before(async () => {
    kafka = await startKafka({
      config: {
        'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'inter.broker.listener.name': 'PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config': `${login} username="admin" password="${password}" user_admin="${password}" user_writer="${password}";`,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:admin;User:ANONYMOUS',
      },
    })
    const sasl = { mechanism: 'plain', username: 'admin', password } as const
    admin = new Kafka({ brokers: kafka.brokers, sasl, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'given', numPartitions: 1 }] })
    log = await KafkaEventLog.connect({
      brokers: kafka.brokers,
      clientId: 'permissions-test',
      sasl: { mechanism: 'PLAIN', username: 'writer', password },
    })
  })
  after(async () => {
    await log.close()
    await admin.disconnect()
    await kafka.stop()
  })

  async function allow(
    resource: 'TOPIC' | 'TRANSACTIONAL_ID',
    name: string,
    ...operations: Operation[]
  ): Promise<void> {
    const acl = operations.map((operation) => ({
      resourceType: AclResourceTypes[resource],
      resourceName: name,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      principal: 'User:writer',
      host: '*',
      operation: AclOperationTypes[operation],
      permissionType: AclPermissionTypes.ALLOW,
    }))
    await admin.createAcls({ acl })
  }

  const refusals = async (): Promise<string[]> =>
    (await log.examineWriting(share, [creation('fresh')])).map(({ severity, code }) => `${severity} ${code}`)

  it('is told before anything is tried: creation, progress, transactional id, then nothing more', async () => {
    const all = ['error target-creation-refused', 'error progress-refused', 'error transactional-id-refused']
    assert.deepEqual(await refusals(), all)
    await allow('TRANSACTIONAL_ID', 'coldstream-', 'WRITE')
    assert.deepEqual(await refusals(), all.slice(0, 2))
    await allow('TOPIC', 'coldstream-progress-', 'CREATE', 'READ', 'WRITE')
    assert.deepEqual(await refusals(), all.slice(0, 1))
    await allow('TOPIC', 'fresh', 'CREATE', 'WRITE', 'DESCRIBE', 'DESCRIBE_CONFIGS')
    assert.deepEqual(await refusals(), [])
    assert.deepEqual(
      (await admin.listTopics()).filter((topic) => !topic.startsWith('__')),
      ['given'],
    )
    await log.createTarget('fresh', creation('fresh').options)
    const writer = await log.openWriter({ ...share, targets: ['fresh'] })
    await writer.commit(Buffer.from('it may'))
    await writer.close()
    assert.deepEqual(await refusals(), [])
  })

  it('names what is wrong with the configuration of a target to be created', async () => {
    const [hazard] = await log.examineWriting(share, [creation('fresh-too', { 'no.such.setting': '1' })])
    assert.equal(hazard?.code, 'target-creation-refused')
    assert.match(hazard.message, /no\.such\.setting/)
  })

  it('includes an existing target that may be looked at and not written to', async () => {
    await allow('TOPIC', 'given', 'DESCRIBE', 'DESCRIBE_CONFIGS')
    const codes = (await log.inspectTarget('given'))!.hazards.map(({ code }) => code)
    assert.ok(codes.includes('target-write-denied'), codes.join())
    await allow('TOPIC', 'given', 'WRITE')
    const later = (await log.inspectTarget('given'))!.hazards.map(({ code }) => code)
    assert.ok(!later.includes('target-write-denied'), later.join())
  })
})
