import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { KafkaCluster } from '../../../src/adapters/kafka/cluster.ts'
import { type ClusterHealth, inspectCluster } from '../../../src/adapters/kafka/health.ts'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { withFile } from './with-file.ts'

const secret = 'a-very-secret-word'
const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required'

describe('reaching a Kafka cluster', () => {
  let kafka: KafkaServer
  const connect = (brokers: readonly string[], password?: string, username = 'reader'): Promise<KafkaEventLog> => {
    const sasl = password === undefined ? undefined : { mechanism: 'PLAIN' as const, username, password }
    return KafkaEventLog.connect({ brokers, clientId: 'cluster-test', sasl, requestTimeoutMs: 5000 })
  }

  const health = async (username: string): Promise<ClusterHealth> => {
    const sasl = { mechanism: 'PLAIN' as const, username, password: secret }
    const cluster = new KafkaCluster({ brokers: kafka.brokers, clientId: 'cluster-test', sasl })
    try {
      return await inspectCluster(cluster, ['guarded'], ['archive'])
    } finally {
      await cluster.close()
    }
  }

  before(async () => {
    kafka = await startKafka({
      config: {
        'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'inter.broker.listener.name': 'PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config': `${login} username="admin" password="${secret}" user_admin="${secret}" user_reader="${secret}";`,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:admin;User:ANONYMOUS',
      },
    })
  })
  after(() => kafka.stop())

  it('names the address of a broker that cannot be reached, and what to check', async () => {
    await assert.rejects(connect(['127.0.0.1:1']), {
      name: 'UnavailableError',
      code: 'broker-unreachable',
      message: /127\.0\.0\.1:1\b/,
      remedy: /firewall/,
    })
  })

  it('goes on to the next broker of the list', async () => {
    const log = await connect(['127.0.0.1:1', 'no-such-host.invalid:9092', ...kafka.brokers], secret)
    assert.deepEqual(await log.listTopics(), [])
    await log.close()
  })

  it('refuses what is no address without repeating a password in it', async () => {
    for (const bad of ['localhost', 'localhost:0', 'localhost:99999', `user:${secret}@localhost:9092`, '']) {
      const error: unknown = await connect([bad]).catch((reason: unknown) => reason)
      assert.match(inspect(error), /broker-address-invalid/)
      assert.doesNotMatch(inspect(error, { depth: 9 }), new RegExp(secret))
    }
    await assert.rejects(connect([]), { name: 'InvalidInputError', code: 'brokers-missing' })
  })

  it('tells wrong credentials from an unreachable broker, and tells no one the password', async () => {
    const wrong = `${secret}-but-wrong`
    const error: unknown = await connect(kafka.brokers, wrong).catch((reason: unknown) => reason)
    assert.match(inspect(error), /broker-authentication-failed/)
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), new RegExp(secret))
  })

  it('hints at TLS and SASL when a broker hangs up on a client that does neither', async () => {
    await assert.rejects(connect(kafka.brokers), { code: 'broker-connection-lost', remedy: /TLS or SASL/ })
  })

  it('hints at the listener when TLS is asked of a broker without it', async () => {
    const options = { brokers: kafka.brokers, clientId: 'tls', tls: {} }
    await assert.rejects(KafkaEventLog.connect(options), { code: 'broker-unreachable', remedy: /TLS/ })
  })

  it('says which permissions on topics and groups are missing', async () => {
    const admin = await connect(kafka.brokers, secret, 'admin')
    await admin.createTarget('guarded', { partitions: 1, config: {}, maxRecordBytes: 1 })
    const reader = await connect(kafka.brokers, secret)
    const unseen = await health('reader')
    assert.deepEqual(unseen.topics, [{ topic: 'guarded', exists: false, missing: [] }])
    assert.deepEqual(unseen.groups, [{ group: 'archive', mayRead: false }])
    await assert.rejects(reader.createTarget('mine', { partitions: 1, config: {}, maxRecordBytes: 1 }), {
      code: 'broker-permission-denied',
      message: /mine/,
    })
    const asAdmin = `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=${login} username="admin" password="${secret}";\n`
    const allow = (operation: string, on: string) =>
      withFile(asAdmin, (file) =>
        kafka.javaTool('org.apache.kafka.tools.AclCommand', [
          ...['--bootstrap-server', kafka.brokers[0]!, '--command-config', file],
          ...['--add', '--allow-principal', 'User:reader', '--operation', operation, ...on.split(' ')],
        ]),
      )
    await allow('Read', '--topic guarded')
    await allow('Describe', '--group archive')
    const partly = await health('reader')
    assert.deepEqual(partly.topics, [{ topic: 'guarded', exists: true, missing: ['write', 'describe-configs'] }])
    assert.deepEqual(partly.groups, [{ group: 'archive', mayRead: false }])
    await allow('Read', '--group archive')
    assert.deepEqual((await health('reader')).groups, [{ group: 'archive', mayRead: true }])
    await assert.rejects(reader.describe(['guarded']), { code: 'broker-permission-denied', message: /guarded/ })
    const all = await health('admin')
    assert.deepEqual(all.topics, [{ topic: 'guarded', exists: true, missing: [] }])
    assert.deepEqual(all.groups, [{ group: 'archive', mayRead: true }])
    assert.deepEqual(all.missingRequests, [])
    assert.equal(all.features['transaction.version'], 2)
    assert.equal(all.brokers[0]?.address, kafka.brokers[0])
    assert.ok(Math.abs(all.clockAheadMs!) < 60_000)
    assert.equal(unseen.clockAheadMs, null)
    await reader.close()
    await admin.close()
  })
})
