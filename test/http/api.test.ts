import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { parseConnector } from '../../src/archive/connector/parse.ts'
import { buildServer } from '../../src/http/server.ts'
import { readCommitted } from '../adapters/kafka/judge.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveTopic, createOrders, type TestServices, testServices } from '../kit/services.ts'

let rig: TestServices
let server: FastifyInstance
let topic: string

before(async () => {
  rig = await testServices({ brokers: await sharedKafka() })
  server = await buildServer(rig.services, '0.0.0-test')
  topic = await createOrders(rig.brokers, 100)
  await archiveTopic(rig.services, topic)
})
after(async () => {
  await server.close()
  await rig.close()
})

async function call(method: 'GET' | 'POST', url: string, body?: object, headers?: InjectOptions['headers']) {
  const response = await server.inject({ method, url, ...(body && { payload: body }), ...(headers && { headers }) })
  return {
    status: response.statusCode,
    type: String(response.headers['content-type']),
    headers: response.headers,
    body: response.json(),
  }
}

/** A problem document (RFC 9457) with something to do about it. */
function assertProblem(answer: Awaited<ReturnType<typeof call>>, status: number, code: string): void {
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  assert.match(answer.type, /^application\/problem\+json/)
  assert.equal(answer.body.code, code)
  assert.equal(answer.body.status, status)
  assert.match(answer.body.type, new RegExp(`/${code}$`))
  assert.ok(answer.body.detail.length > 0 && answer.body.remedy.length > 0)
}

describe('GET /v1/topics', () => {
  it('lists what is archived', async () => {
    const { status, body } = await call('GET', '/v1/topics')
    assert.equal(status, 200)
    const found = body.topics.find((entry: { topic: string }) => entry.topic === topic)
    assert.deepEqual(
      { ...found, bytes: 0 },
      {
        topic,
        partitions: 2,
        incarnations: 1,
        segments: 4,
        records: 100,
        bytes: 0,
        firstTimestamp: '2025-01-14T09:00:00.000Z',
        lastTimestamp: '2025-01-14T10:39:00.000Z',
        lostOffsets: '0',
      },
    )
  })

  it('shows one topic’s ranges and gaps, and its segments with checksums', async () => {
    const { body } = await call('GET', `/v1/topics/${topic}`)
    assert.deepEqual(
      body.archived,
      [0, 1].map((partition) => ({ incarnation: 1, partition, from: '0', next: '50', gaps: [] })),
    )
    const { body: list } = await call('GET', `/v1/topics/${topic}/segments`)
    assert.equal(list.segments.length, 4)
    for (const segment of list.segments) {
      const bytes = await rig.services.store.get(segment.path)
      assert.equal(createHash('sha256').update(bytes).digest('hex'), segment.sha256)
    }
  })

  it('answers an unknown topic with the topics that are known', async () => {
    const answer = await call('GET', '/v1/topics/nowhere')
    assertProblem(answer, 404, 'topic-not-archived')
  })
})

describe('POST /v1/replays', () => {
  it('starts a replay that runs in the service until every selected record is in the target', async () => {
    const target = `copy-${randomUUID().slice(0, 8)}`
    const begun = await call('POST', '/v1/replays', {
      id: target,
      source: { topic, time: { to: '2025-01-14T10:00:00Z' } },
      target: { topic: target },
    })
    assert.equal(begun.status, 202, JSON.stringify(begun.body))
    assert.equal(begun.headers.location, `/v1/replays/${target}`)
    const done = await completed(target)
    assert.equal(done.progress.rows, 60)
    const values = (await readCommitted(rig.brokers, target))
      .map(({ value }) => JSON.parse(String(value)).seq)
      .sort((a, b) => a - b)
    assert.deepEqual(
      values,
      Array.from({ length: 60 }, (_, index) => index),
    )
    const { body } = await call('GET', '/v1/replays')
    assert.ok(body.replays.some((replay: { id: string }) => replay.id === target))
  })

  it('only says what it would do when it is a dry run', async () => {
    const target = `dry-${randomUUID().slice(0, 8)}`
    const { status, body } = await call('POST', '/v1/replays', {
      source: { topic },
      target: { topic: target },
      dryRun: true,
    })
    assert.equal(status, 200)
    assert.equal(body.accepted, true)
    assert.equal(body.plan.rows, 100)
    assert.equal(await (await rig.services.eventLog()).inspectTarget(target), null)
  })

  it('names every problem of a request at once', async () => {
    const answer = await call('POST', '/v1/replays', {
      id: 'UPPER',
      source: { topic, time: { from: 'yesterday' } },
      target: {},
      extra: 1,
    })
    assertProblem(answer, 400, 'replay-request-invalid')
    for (const place of ['id', 'source.time.from', 'target.topic', 'extra'])
      assert.ok(answer.body.detail.includes(place), place)
  })

  it('refuses a target that holds records, and what is not archived', async () => {
    assertProblem(await call('POST', '/v1/replays', { source: { topic }, target: { topic } }), 409, 'replay-refused')
    assertProblem(
      await call('POST', '/v1/replays', { source: { topic: 'nowhere' }, target: { topic: 'x' } }),
      404,
      'topic-not-archived',
    )
  })

  it('refuses to cancel what has ended or never was', async () => {
    const target = `ended-${randomUUID().slice(0, 8)}`
    await call('POST', '/v1/replays', { id: target, source: { topic }, target: { topic: target } })
    await completed(target)
    assertProblem(await call('POST', `/v1/replays/${target}/cancel`), 409, 'replay-ended')
    assertProblem(await call('POST', '/v1/replays/none/cancel'), 404, 'replay-not-found')
  })

  async function completed(id: string) {
    for (;;) {
      const { body } = await call('GET', `/v1/replays/${id}`)
      assert.ok(['pending', 'planning', 'running', 'completed'].includes(body.state), JSON.stringify(body))
      if (body.state === 'completed') return body
      await sleep(50)
    }
  }
})

describe('POST /v1/queries', () => {
  it('answers SQL with bound parameters', async () => {
    const sql = `SELECT count(*) AS orders, min(record_offset) AS first FROM "${topic}" WHERE from_utf8(record_key) = $key`
    const { status, body } = await call('POST', '/v1/queries', { sql, parameters: { key: 'order-3' } })
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual(body.rows, [{ orders: 10, first: 1 }])
    assert.deepEqual(
      body.columns.map(({ name }: { name: string }) => name),
      ['orders', 'first'],
    )
    assert.equal(body.truncated, false)
  })

  it('runs templates that it lists', async () => {
    const { body: list } = await call('GET', '/v1/query-templates')
    const template = list.templates.find(({ name }: { name: string }) => name === 'events-of-key')
    assert.equal(template.parameters[0].name, 'topic')
    const { body } = await call('POST', '/v1/queries', {
      template: 'events-of-key',
      parameters: { topic, key: 'order-3' },
    })
    assert.equal(body.rows.length, 10)
  })

  it('cuts at the limit and says so', async () => {
    const { body } = await call('POST', '/v1/queries', { sql: `SELECT * FROM "${topic}"`, limit: 3 })
    assert.equal(body.rows.length, 3)
    assert.equal(body.truncated, true)
  })

  it('explains bad SQL, and refuses what is not a SELECT', async () => {
    assertProblem(await call('POST', '/v1/queries', { sql: 'SELEC 1' }), 400, 'sql-invalid')
    assertProblem(await call('POST', '/v1/queries', { sql: 'DROP TABLE x' }), 400, 'sql-forbidden')
    assertProblem(await call('POST', '/v1/queries', {}), 400, 'query-usage')
    assertProblem(await call('POST', '/v1/queries', { sql: 'SELECT 1', surprise: true }), 400, 'request-invalid')
  })
})

describe('the service', () => {
  it('is live and ready, and says what it measures', async () => {
    assert.deepEqual((await call('GET', '/livez')).body, { status: 'ok' })
    assert.deepEqual((await call('GET', '/readyz')).body, { status: 'ready', checks: { store: 'ok', broker: 'ok' } })
    const archived = new RegExp(
      `coldstream_capture_archived_offset\\{connector="again",topic="${topic}",partition="0"\\} 50`,
    )
    const stop = new AbortController()
    const capture = await rig.services.openCapture(parseConnector({ name: 'again', topics: topic }, 'test'))
    const running = capture.run({ untilEnd: false }, stop.signal)
    let metrics = await server.inject('/metrics')
    while (!archived.test(metrics.body)) {
      await Promise.race([sleep(50), running])
      metrics = await server.inject('/metrics')
    }
    stop.abort()
    await running
    assert.doesNotMatch((await server.inject('/metrics')).body, archived, 'a capture that ended is not measured')
    assert.match(
      metrics.body,
      /coldstream_http_request_duration_seconds_count\{method="GET",route="\/livez",status="200"\} 1/,
    )
  })

  it('describes all its routes in OpenAPI', async () => {
    const { body } = await call('GET', '/openapi.json')
    assert.match(body.openapi, /^3\.1/)
    assert.deepEqual(Object.keys(body.paths).sort(), [
      '/',
      '/connector-plugins',
      '/connector-plugins/{plugin}/config',
      '/connector-plugins/{plugin}/config/validate',
      '/connectors',
      '/connectors/{connector}',
      '/connectors/{connector}/config',
      '/connectors/{connector}/offsets',
      '/connectors/{connector}/pause',
      '/connectors/{connector}/restart',
      '/connectors/{connector}/resume',
      '/connectors/{connector}/status',
      '/connectors/{connector}/stop',
      '/connectors/{connector}/tasks',
      '/connectors/{connector}/tasks/{task}/restart',
      '/connectors/{connector}/tasks/{task}/status',
      '/connectors/{connector}/topics',
      '/connectors/{connector}/topics/reset',
      '/livez',
      '/readyz',
      '/v1/headroom',
      '/v1/queries',
      '/v1/queries/estimate',
      '/v1/queries/{id}',
      '/v1/queries/{id}/cancel',
      '/v1/queries/{id}/results',
      '/v1/query-templates',
      '/v1/replays',
      '/v1/replays/{id}',
      '/v1/replays/{id}/cancel',
      '/v1/replays/{id}/events',
      '/v1/replays/{id}/handover',
      '/v1/replays/{id}/pause',
      '/v1/replays/{id}/rate',
      '/v1/replays/{id}/resume',
      '/v1/selections',
      '/v1/selections/{name}',
      '/v1/topics',
      '/v1/topics/{topic}',
      '/v1/topics/{topic}/headroom',
      '/v1/topics/{topic}/segments',
      '/v1/upcasters',
    ])
    assert.ok(body.paths['/v1/replays'].post.requestBody)
  })

  it('answers an unknown route with a problem', async () => {
    assertProblem(await call('GET', '/v2'), 404, 'route-not-found')
  })

  it('asks every route but the probes for the configured key', async () => {
    const key = randomUUID()
    const sha256 = createHash('sha256').update(key).digest('hex')
    const guarded = await testServices({
      brokers: rig.brokers,
      config: `http:\n  apiKeys:\n    - {name: test, sha256: "${sha256}"}\n`,
    })
    const locked = await buildServer(guarded.services, '0.0.0-test')
    const status = async (url: string, headers = {}): Promise<number> =>
      (await locked.inject({ url, headers })).statusCode
    try {
      assert.equal(await status('/livez'), 200)
      for (const url of ['/v1/topics', '/metrics', '/openapi.json', '/nowhere'])
        assert.equal(await status(url), 401, url)
      assert.equal(await status('/v1/topics', { authorization: `Bearer ${key}` }), 200)
      assert.equal(await status('/v1/topics', { 'x-api-key': key }), 200)
      assert.equal(await status('/v1/topics', { authorization: `Basic ${btoa(`anyone:${key}`)}` }), 200)
      assert.equal(await status('/v1/topics', { authorization: `Basic ${btoa(`${key}:`)}` }), 401)
      assert.equal(await status('/v1/topics', { 'x-api-key': sha256 }), 401)
      assert.equal(await status('/v1/topics', { authorization: 'Bearer ' }), 401)
    } finally {
      await locked.close()
      await guarded.close()
    }
  })
})

describe('a service whose broker is away', () => {
  it('is live, not ready, and still answers what the archive knows', async () => {
    const away = await testServices({ brokers: ['127.0.0.1:1'] })
    const lonely = await buildServer(away.services, '0.0.0-test')
    try {
      assert.equal((await lonely.inject('/livez')).statusCode, 200)
      const ready = await lonely.inject('/readyz')
      assert.equal(ready.statusCode, 503)
      assert.match(ready.json().checks.broker, /127\.0\.0\.1:1/)
      assert.deepEqual((await lonely.inject('/v1/topics')).json(), { topics: [] })
      const replay = await lonely.inject({
        method: 'POST',
        url: '/v1/replays',
        payload: { source: { topic: 'x' }, target: { topic: 'y' } },
      })
      assert.equal(replay.statusCode, 503)
      assert.equal(replay.json().code, 'broker-unreachable')
    } finally {
      await lonely.close()
      await away.close()
    }
  })
})
