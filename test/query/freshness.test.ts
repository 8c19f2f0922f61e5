import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { buildServer } from '../../src/http/server.ts'
import { independentClient } from '../adapters/kafka/judge.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveTopic, createOrders, sendOrders, type TestServices, testServices } from '../kit/services.ts'

describe('A query on fresh data', () => {
  let rig: TestServices
  let server: FastifyInstance
  before(async () => {
    rig = await testServices({ brokers: await sharedKafka() })
    server = await buildServer(rig.services, '0.0.0-test')
  })
  after(async () => {
    await server.close()
    await rig.close()
  })
  const ask = async (topic: string, freshness?: 'live') => {
    const payload = { sql: `SELECT count(*) AS n FROM "${topic}"`, wait: 60, ...(freshness && { freshness }) }
    const response = await server.inject({ method: 'POST', url: '/v1/queries', payload })
    assert.equal(response.statusCode, 200, response.body)
    return response.json()
  }

  it('sees what is committed at once, and says on request how far that is behind the broker', async () => {
    const topic = await createOrders(rig.brokers, 10)
    await archiveTopic(rig.services, topic)
    const fresh = await ask(topic, 'live')
    assert.deepEqual(fresh.rows, [{ n: 10 }])
    const upToDate = { topic, archivedUntil: '5', brokerEnd: '5', behindOffsets: '0', behindSeconds: 0 }
    assert.deepEqual(fresh.freshness, [
      { ...upToDate, partition: 0 },
      { ...upToDate, partition: 1 },
    ])
    await sendOrders(rig.brokers, topic, 10, 16)
    const behind = await ask(topic, 'live')
    assert.deepEqual(behind.rows, [{ n: 10 }])
    const lags = behind.freshness.map(({ behindOffsets, brokerEnd }: Record<string, unknown>) => [
      behindOffsets,
      brokerEnd,
    ])
    assert.deepEqual(lags, [
      ['3', '8'],
      ['3', '8'],
    ])
    // the newest archived record of partition 0 is of 09:08
    const since = (Date.now() - Date.UTC(2025, 0, 14, 9, 8)) / 1000
    assert.ok(Math.abs(behind.freshness[0].behindSeconds - since) < 600)
    await archiveTopic(rig.services, topic)
    const again = await ask(topic, 'live')
    assert.deepEqual([again.rows, again.freshness[1].behindOffsets], [[{ n: 16 }], '0'])
    assert.equal((await ask(topic)).freshness, null)
  })

  it('tells of a topic that the broker no longer has', async () => {
    const topic = await createOrders(rig.brokers, 2)
    await archiveTopic(rig.services, topic)
    const admin = independentClient(rig.brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    let answer = await ask(topic, 'live')
    // the broker forgets a topic a moment after it has said so
    while (answer.freshness[0].brokerEnd !== null) answer = await ask(topic, 'live')
    await admin.disconnect()
    assert.deepEqual(answer.freshness[0], {
      ...{ topic, partition: 0, archivedUntil: '1' },
      ...{ brokerEnd: null, behindOffsets: null, behindSeconds: null },
    })
  })
})
