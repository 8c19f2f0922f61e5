import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { buildServer } from '../../src/http/server.ts'
import { readCommitted } from '../adapters/kafka/judge.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveTopic, createOrders, type TestServices, testServices } from '../kit/services.ts'

describe('steering a replay over REST', () => {
  let rig: TestServices
  let server: FastifyInstance
  let topic: string
  before(async () => {
    rig = await testServices({ brokers: await sharedKafka() })
    server = await buildServer(rig.services, 'test')
    topic = await createOrders(rig.brokers, 400)
    await archiveTopic(rig.services, topic)
  })
  after(async () => {
    await server.close()
    await rig.close()
  })

  async function call(method: 'GET' | 'POST' | 'PUT', url: string, body?: object | null, headers = {}) {
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await server.inject({ method, url, headers: { ...type, ...headers }, ...payload })
    return { status: answer.statusCode, body: answer.json(), headers: answer.headers }
  }
  const fresh = (what: string): string => `${what}-${randomUUID().slice(0, 8)}`

  it('changes the rate, pauses, resumes, and tells each step as a server-sent event up to the last', async () => {
    const id = fresh('steered')
    const rate = { recordsPerSecond: 40 }
    await call('POST', '/v1/replays', { id, source: { topic }, target: { topic: id }, rate })
    const events = server.inject({ method: 'GET', url: `/v1/replays/${id}/events` })
    const replays = await rig.services.replays()
    for await (const { progress } of replays.watch(id, new AbortController().signal))
      if ((progress?.rows ?? 0) > 0) break
    const paused = await call('POST', `/v1/replays/${id}/pause`)
    assert.deepEqual([paused.status, paused.body.state], [200, 'paused'])
    const emitted = (await readCommitted(rig.brokers, id)).length
    assert.equal(paused.body.progress?.rows ?? 0, emitted)
    const faster = await call('PUT', `/v1/replays/${id}/rate`, { recordsPerSecond: 100_000 })
    assert.deepEqual(faster.body.rate, { recordsPerSecond: 100_000 })
    assert.equal((await call('POST', `/v1/replays/${id}/resume`)).body.state, 'running')
    const { body, headers } = await events
    assert.match(String(headers['content-type']), /^text\/event-stream/)
    const statuses = body
      .split('\n\n')
      .filter((event) => event !== '')
      .map((event) => {
        const [name, data] = event.split('\n')
        assert.equal(name, 'event: status')
        return JSON.parse(data!.replace(/^data: /, ''))
      })
    const last = statuses.at(-1)
    assert.deepEqual([last.state, last.progress.rows, last.progress.fraction], ['completed', 400, 1])
    assert.ok(statuses.some(({ state }) => state === 'paused'))
    assert.equal((await readCommitted(rig.brokers, id)).length, 400)
  })

  it('answers the same replay for the same Idempotency-Key, and refuses it to another request', async () => {
    const target = fresh('once')
    const headers = { 'idempotency-key': randomUUID() }
    const request = { source: { topic }, target: { topic: target } }
    const [first, second] = [
      await call('POST', '/v1/replays', request, headers),
      await call('POST', '/v1/replays', request, headers),
    ]
    assert.deepEqual([first.status, second.status], [202, 202])
    assert.equal(first.body.id, second.body.id)
    const other = await call('POST', '/v1/replays', { ...request, order: 'key' }, headers)
    assert.deepEqual([other.status, other.body.code], [409, 'replay-id-used'])
    const twice = await call('POST', '/v1/replays', { ...request, id: 'mine' }, headers)
    assert.equal(twice.status, 400)
  })

  it('takes a saved selection for the source', async () => {
    const [name, id] = [fresh('recent'), fresh('named')]
    await server.inject({
      ...{ method: 'PUT', url: `/v1/selections/${name}`, headers: { 'content-type': 'application/json' } },
      payload: JSON.stringify({ topic, partitions: [1] }),
    })
    const begun = await call('POST', '/v1/replays', { id, source: { selection: name }, target: { topic: id } })
    assert.equal(begun.status, 202, JSON.stringify(begun.body))
    assert.deepEqual(begun.body.source, { topic, partitions: [1] })
    const missing = await call('POST', '/v1/replays', { source: { selection: 'nobodys' }, target: { topic: id } })
    assert.equal(missing.body.code, 'selection-not-found')
  })

  it('refuses a rate that is none, and to steer what has ended', async () => {
    const id = fresh('ended')
    await call('POST', '/v1/replays', { id, source: { topic }, target: { topic: id } })
    const ended = server.inject({ method: 'GET', url: `/v1/replays/${id}/events` })
    await ended
    assert.equal((await call('PUT', `/v1/replays/${id}/rate`, { speed: 0 })).body.code, 'rate-invalid')
    for (const action of ['pause', 'resume', 'cancel']) {
      assert.equal((await call('POST', `/v1/replays/${id}/${action}`)).body.code, 'replay-ended', action)
    }
  })

  it('lists pages, and refuses a filter that is none', async () => {
    const { body } = await call('GET', `/v1/replays?source=${topic}&limit=2`)
    assert.equal(body.replays.length, 2)
    const next = await call('GET', `/v1/replays?source=${topic}&limit=2&after=${body.next}`)
    assert.ok(
      next.body.replays.every(
        ({ id }: { id: string }) => !body.replays.some((other: { id: string }) => other.id === id),
      ),
    )
    assert.equal((await call('GET', '/v1/replays?state=sleeping')).status, 400)
  })
})
