import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { buildServer } from '../../src/http/server.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveTopic, type TestServices, testServices } from '../kit/services.ts'
import { createTestTopic, produceEach } from '../kit/topics.ts'

const retentionMs = 86_400_000

describe('headroom over REST', () => {
  let rig: TestServices
  let server: FastifyInstance
  let limited: string
  let unlimited: string

  before(async () => {
    const brokers = await sharedKafka()
    rig = await testServices({ brokers, config: 'headroom: {groupsRegex: "lagging-.*", intervalMs: 3600000}\n' })
    server = await buildServer(rig.services, '0.0.0-test')
    limited = await createTestTopic(brokers, { 'retention.ms': String(retentionMs) })
    unlimited = await createTestTopic(brokers, { 'retention.ms': '-1' })
    for (const topic of [limited, unlimited]) {
      const timestampMs = Date.now() - 70_000_000
      await produceEach(brokers, topic, [
        { value: 'a', timestampMs },
        { value: 'b', timestampMs },
      ])
      await archiveTopic(rig.services, topic)
      await produceEach(brokers, topic, [{ value: 'c', timestampMs }])
    }
    const eventLog = await rig.services.eventLog()
    await eventLog.acknowledge(`lagging-${limited}`, [{ topic: limited, partition: 0, next: 1n }])
  })
  after(async () => {
    await server.close()
    await rig.close()
  })

  const get = async (url: string) => {
    const response = await server.inject(url)
    return { status: response.statusCode, body: response.json() }
  }

  it('tells each partition and group of a topic; null where nothing limits it', async () => {
    const { status, body } = await get(`/v1/topics/${limited}/headroom`)
    assert.equal(status, 200, JSON.stringify(body))
    const { at, partitions, groups, ...rest } = body
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000)
    assert.deepEqual(rest, { topic: limited, retentionMs, retentionBytes: null })
    const { timeToLossSeconds, shareLeft, ...facts } = partitions[0]
    assert.deepEqual(facts, {
      partition: 0,
      archived: '2',
      logStart: '0',
      end: '3',
      pendingRecords: '1',
      lostRecords: '0',
      level: 'critical',
    })
    assert.ok(timeToLossSeconds > 15_000 && timeToLossSeconds <= 16_400, String(timeToLossSeconds))
    assert.ok(shareLeft > 0.17 && shareLeft < 0.2, String(shareLeft))
    assert.deepEqual(
      groups.map(({ group, position, pendingRecords, level }: Record<string, string>) => [
        group,
        position,
        pendingRecords,
        level,
      ]),
      [[`lagging-${limited}`, '1', '2', 'critical']],
    )
    const { body: free } = await get(`/v1/topics/${unlimited}/headroom`)
    const { timeToLossSeconds: never, shareLeft: whole, level, pendingRecords } = free.partitions[0]
    assert.deepEqual([never, whole, level, pendingRecords], [null, null, 'ok', '1'])
  })

  it('tells all topics at once', async () => {
    const { body } = await get('/v1/headroom')
    assert.deepEqual(
      body.topics.map(({ topic }: { topic: string }) => topic),
      [limited, unlimited].sort(),
    )
    assert.deepEqual(body.failures, [])
    assert.equal(body.groupsKnown, true)
  })

  it('answers a topic that is not archived with a problem', async () => {
    const { status, body } = await get('/v1/topics/nowhere/headroom')
    assert.equal(status, 404)
    assert.equal(body.code, 'headroom-unknown')
    assert.ok(body.remedy.length > 0)
  })

  it('is measured, never without an end where nothing deletes', async () => {
    const { body } = await server.inject('/metrics')
    const value = (name: string, labels: string): string | undefined =>
      body
        .split('\n')
        .find((line) => line.startsWith(`${name}{${labels}} `))
        ?.split(' ')[1]
    const labels = `topic="${limited}",partition="0"`
    assert.ok(Number(value('coldstream_headroom_seconds', labels)) > 15_000)
    assert.ok(Number(value('coldstream_headroom_ratio', labels)) < 0.2)
    assert.equal(value('coldstream_headroom_level', labels), '2')
    assert.equal(value('coldstream_headroom_pending_records', labels), '1')
    assert.equal(value('coldstream_headroom_seconds', `topic="${unlimited}",partition="0"`), '+Inf')
    assert.equal(value('coldstream_headroom_ratio', `topic="${unlimited}",partition="0"`), '1')
    const group = `group="lagging-${limited}",${labels}`
    assert.equal(value('coldstream_group_lag_records', group), '2')
    assert.equal(value('coldstream_group_headroom_level', group), '2')
    assert.ok(Number(value('coldstream_group_headroom_seconds', group)) > 15_000)
    assert.match(body, /^coldstream_headroom_look_timestamp_seconds \d/m)
  })

  it('has metrics by the names that the documents and the alert rules use', async () => {
    const { body } = await server.inject('/metrics')
    const known = new Set([...body.matchAll(/^# TYPE (coldstream_\w+)/gm)].map(([, name]) => name))
    for (const file of ['docs/operations.md', 'deploy/alerts.yml']) {
      const used = (await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')).matchAll(/\bcoldstream_\w+\w/g)
      for (const [name] of used) assert.ok(known.has(name), `${file} names ${name}`)
    }
    assert.match(body, new RegExp(`coldstream_headroom_lost_offsets_total\\{topic="${limited}",partition="0"\\} 0`))
  })

  it('is not known while the broker is away, and says why', async () => {
    const away = await testServices({ brokers: ['127.0.0.1:1'] })
    const lonely = await buildServer(away.services, '0.0.0-test')
    try {
      const response = await lonely.inject('/v1/headroom')
      assert.equal(response.statusCode, 503)
      assert.equal(response.json().code, 'broker-unreachable')
      assert.doesNotMatch((await lonely.inject('/metrics')).body, /coldstream_headroom_seconds\{/)
    } finally {
      await lonely.close()
      await away.close()
    }
  })
})
