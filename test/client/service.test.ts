import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type Coldstream, createColdstream, isProblem, type ReplayStatus } from '../../src/client/index.ts'
import { type Instance, startInstance } from '../connect/kit.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveTopic, createOrders } from '../kit/services.ts'

describe('the client of a service', () => {
  const apiKey = randomUUID()
  let instance: Instance
  let topic: string
  let client: Coldstream

  before(async () => {
    const brokers = await sharedKafka()
    const sha256 = createHash('sha256').update(apiKey).digest('hex')
    instance = await startInstance({ brokers, config: `http:\n  apiKeys:\n    - {name: test, sha256: "${sha256}"}\n` })
    topic = await createOrders(brokers, 100)
    await archiveTopic(instance.rig.services, topic)
    client = createColdstream({ url: instance.url, apiKey })
  })
  after(() => instance.close())

  it('needs its key', async () => {
    const { topics } = createColdstream({ url: instance.url })
    await assert.rejects(topics.list(), (error) => isProblem(error, 'api-key-required'))
  })

  it('sees what a replay would do, and what is archived', async () => {
    const target = name('dry')
    const preview = await client.replays.dryRun({ source: { topic }, target: { topic: target } })
    assert.deepEqual([preview.accepted, preview.plan.rows], [true, 100])
    const archived = await client.topics.get(topic)
    assert.deepEqual([archived.records, archived.archived[0]!.next], [100, '50'])
    const { rows } = await client.queries.run({ sql: `SELECT count(*) AS n FROM "${topic}"` })
    assert.deepEqual(rows, [{ n: 100 }])
  })

  it('creates a replay once for a key, and finds it in the list', async () => {
    const target = name('once')
    const create = (): Promise<ReplayStatus> =>
      client.replays.create({ source: { topic }, target: { topic: target } }, { idempotencyKey: target })
    const { id } = await create()
    assert.equal((await create()).id, id)
    assert.equal((await client.replays.finished(id)).state, 'completed')
    await client.replays.finished(
      (await client.replays.create({ source: { topic }, target: { topic: name('two') } })).id,
    )
    const { replays, next } = await client.replays.list({ source: topic, state: 'completed', limit: 1 })
    assert.equal(replays.length, 1)
    assert.notEqual(next, null)
    const all = await Array.fromAsync(client.replays.all({ source: topic, limit: 1 }))
    assert.deepEqual(
      all.map(({ state }) => state),
      ['completed', 'completed'],
    )
    assert.equal(all[1]!.id, id)
  })

  it('steers a replay and is told of it until its end', async () => {
    const target = name('steered')
    const { id } = await client.replays.create({
      source: { topic },
      target: { topic: target },
      rate: { recordsPerSecond: 1 },
    })
    await client.replays.reached(id, (state) => state === 'running')
    const events = Array.fromAsync(client.replays.events(id))
    assert.equal((await client.replays.pause(id)).state, 'paused')
    assert.deepEqual((await client.replays.changeRate(id, { speed: 2 })).rate, { speed: 2 })
    assert.equal((await client.replays.changeRate(id, null)).rate, null)
    await client.replays.resume(id)
    const told = await events
    const states = new Set(told.map(({ state }) => state))
    assert.ok(states.has('running') && states.has('completed'), [...states].join())
    assert.deepEqual([told.at(-1)!.state, told.at(-1)!.progress?.rows], ['completed', 100])
    await assert.rejects(client.replays.cancel(id), (error) => isProblem(error, 'replay-ended'))
  })

  it('stops listening to events', async () => {
    const target = name('left')
    const { id } = await client.replays.create({
      source: { topic },
      target: { topic: target },
      rate: { recordsPerSecond: 1 },
    })
    const stop = new AbortController()
    await assert.rejects(async () => {
      for await (const _ of client.replays.events(id, { signal: stop.signal })) stop.abort(new Error('heard enough'))
    }, /heard enough/)
    for await (const { id: told } of client.replays.events(id)) {
      assert.equal(told, id)
      break
    }
    assert.equal((await client.replays.cancel(id)).state, 'cancelled')
  })

  it('replays a selection by its name', async () => {
    const selection = name('early')
    await client.selections.save(selection, { topic, time: { to: '2025-01-14T09:10:00Z' } })
    assert.ok((await client.selections.list()).some((saved) => saved.name === selection))
    const { id, source } = await client.replays.create({ source: { selection }, target: { topic: selection } })
    assert.deepEqual(source, { topic, time: { to: '2025-01-14T09:10:00.000Z' } })
    await client.selections.delete(selection)
    await assert.rejects(client.selections.get(selection), (error) => isProblem(error, 'selection-not-found'))
    assert.equal((await client.replays.finished(id)).progress?.rows, 10)
    await assert.rejects(client.replays.handover(id), (error) => isProblem(error, 'handover-not-possible'))
  })

  it('hands over', async () => {
    const target = name('over')
    const { id } = await client.replays.create({ source: { topic, to: 'live' }, target: { topic: target } })
    await client.replays.finished(id)
    const handover = await client.replays.commitHandover(id, target)
    assert.deepEqual(handover, await client.replays.handover(id))
    assert.deepEqual(
      handover.sources[0]!.partitions.map(({ offset }) => offset),
      ['50', '50'],
    )
  })

  const name = (what: string): string => `${what}-${randomUUID().slice(0, 8)}`
})
