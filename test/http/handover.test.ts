import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type Instance, startInstance } from '../connect/kit.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveTopic, createOrders } from '../kit/services.ts'

let instance: Instance
let topic: string

before(async () => {
  const brokers = await sharedKafka()
  instance = await startInstance({ brokers })
  topic = await createOrders(brokers, 20)
  await archiveTopic(instance.rig.services, topic)
})
after(() => instance.close())

describe('the hand-over over REST', () => {
  it('tells and commits where to go on', async () => {
    const id = `over-${randomUUID().slice(0, 8)}`
    await instance.call('POST', '/v1/replays', { id, source: { topic }, target: { topic: id } })
    await (await instance.rig.services.replays()).finished(id)
    const told = await instance.call('GET', `/v1/replays/${id}/handover`)
    assert.equal(told.status, 200)
    assert.deepEqual(told.body.sources, [
      { topic, incarnation: 1, partitions: [0, 1].map((partition) => ({ partition, offset: '10' })) },
    ])
    const committed = await instance.call('POST', `/v1/replays/${id}/handover`, { groupId: id })
    assert.equal(committed.status, 200)
    assert.deepEqual(committed.body, told.body)
  })

  it('answers what is wrong as a problem', async () => {
    const unknown = await instance.call('GET', '/v1/replays/nothing/handover')
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'replay-not-found'])
    for (const body of [{}, { groupId: '' }, { groupId: 'a', more: 1 }]) {
      const { status, body: problem } = await instance.call('POST', '/v1/replays/nothing/handover', body)
      assert.deepEqual([status, problem.code], [400, 'request-invalid'])
    }
  })
})

describe('saved selections over REST', () => {
  it('are saved, listed, shown and deleted', async () => {
    const name = `s-${randomUUID().slice(0, 8)}`
    const source = { topic, partitions: [1] }
    const { status, body: saved } = await instance.call('PUT', `/v1/selections/${name}`, source)
    assert.equal(status, 200)
    assert.deepEqual({ ...saved, savedAt: '' }, { name, source, savedAt: '' })
    assert.deepEqual((await instance.call('GET', `/v1/selections/${name}`)).body, saved)
    const { body: list } = await instance.call('GET', '/v1/selections')
    assert.deepEqual(
      list.selections.filter((entry: { name: string }) => entry.name === name),
      [saved],
    )
    assert.equal((await instance.call('DELETE', `/v1/selections/${name}`)).status, 204)
    assert.equal((await instance.call('GET', `/v1/selections/${name}`)).status, 404)
    assert.equal((await instance.call('DELETE', `/v1/selections/${name}`)).body.code, 'selection-not-found')
  })

  it('name every problem at once', async () => {
    const { status, body } = await instance.call('PUT', '/v1/selections/BAD', { topic: 1, more: true })
    assert.deepEqual([status, body.code], [400, 'selection-invalid'])
    for (const place of ['name:', 'source.topic:', '"more"']) assert.ok(body.detail.includes(place), place)
  })
})
