import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, eventually, type Instance, sinkClass, startInstance, uniqueName } from '../connect/kit.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { createOrders, sendOrders } from '../kit/services.ts'

let instance: Instance
let topic: string
let name: string

const rotation = { 'flush.size': '10', 'rotate.idle.ms': '200' }

before(async () => {
  const brokers = await sharedKafka()
  topic = await createOrders(brokers, 100)
  instance = await startInstance({ brokers })
  name = uniqueName('orders')
})
after(() => instance.close())

/** An error in Connect's shape, and nothing but it. */
function assertError({ status, body }: Answer, expected: number, message: RegExp): void {
  assert.equal(status, expected, JSON.stringify(body))
  assert.deepEqual(Object.keys(body).sort(), ['error_code', 'message'])
  assert.equal(body.error_code, expected)
  assert.match(body.message, message)
}

function statusWhen(state: string, of = name): Promise<Answer> {
  return eventually(
    () => instance.call('GET', `/connectors/${of}/status`),
    // the tasks of a connector that runs are there once its capture is open
    ({ body }) =>
      body.connector?.state === state &&
      (state !== 'RUNNING' || (body.tasks[0]?.state ?? 'UNASSIGNED') !== 'UNASSIGNED'),
  )
}

function archivedUpTo(next: number, of = name): Promise<Answer> {
  return eventually(
    () => instance.call('GET', `/connectors/${of}/offsets`),
    ({ body }) =>
      body.offsets?.length === 2 &&
      body.offsets.every(({ offset }: { offset: { kafka_offset: number } }) => offset.kafka_offset === next),
  )
}

// the calls of https://kafka.apache.org/documentation/#connect_rest, in the order of a connector's life
describe('Kafka Connect’s REST API', () => {
  it('GET / says what the worker is', async () => {
    const { status, body } = await instance.call('GET', '/')
    assert.equal(status, 200)
    assert.deepEqual(body, { version: '0.0.0-test', commit: 'Unknown', kafka_cluster_id: 'Q29sZHN0cmVhbUthZmthMQ' })
  })

  it('GET /connectors is an empty list at first', async () => {
    const { status, body } = await instance.call('GET', '/connectors')
    assert.deepEqual([status, body], [200, []])
  })

  it('POST /connectors creates a connector, 201 with its place', async () => {
    const { status, body, headers } = await instance.call('POST', '/connectors', {
      name,
      config: { 'connector.class': sinkClass, 'tasks.max': 1, topics: topic, ...rotation },
    })
    assert.equal(status, 201, JSON.stringify(body))
    assert.equal(headers.get('location'), `/connectors/${name}`)
    assert.equal(body.name, name)
    assert.equal(body.type, 'sink')
    assert.deepEqual(body.config, { 'connector.class': sinkClass, 'tasks.max': '1', topics: topic, ...rotation, name })
  })

  it('GET …/status shows it running, with its tasks and where', async () => {
    const { body } = await statusWhen('RUNNING')
    const { workerId } = instance
    const version = '0.0.0-test'
    assert.deepEqual(body, {
      name,
      connector: { state: 'RUNNING', worker_id: workerId, version },
      tasks: [{ id: 0, state: 'RUNNING', worker_id: workerId, version }],
      type: 'sink',
    })
    const task = await instance.call('GET', `/connectors/${name}/tasks/0/status`)
    assert.deepEqual([task.status, task.body], [200, { id: 0, state: 'RUNNING', worker_id: workerId, version }])
    assertError(await instance.call('GET', `/connectors/${name}/tasks/99/status`), 404, /Unknown task/)
  })

  it('GET …/offsets shows what is archived', async () => {
    const { status, body } = await archivedUpTo(50)
    assert.equal(status, 200)
    assert.deepEqual(body, {
      offsets: [0, 1].map((partition) => ({
        partition: { kafka_topic: topic, kafka_partition: partition },
        offset: { kafka_offset: 50 },
      })),
    })
  })

  it('GET …, …/config, …/tasks, …/topics', async () => {
    const { body: info } = await instance.call('GET', `/connectors/${name}`)
    assert.deepEqual(Object.keys(info).sort(), ['config', 'name', 'tasks', 'type'])
    assert.deepEqual(info.tasks, [{ connector: name, task: 0 }])
    assert.deepEqual((await instance.call('GET', `/connectors/${name}/config`)).body, info.config)
    const { body: tasks } = await instance.call('GET', `/connectors/${name}/tasks`)
    assert.deepEqual(tasks[0].id, { connector: name, task: 0 })
    assert.equal(tasks[0].config.topics, topic)
    const { body: topics } = await instance.call('GET', `/connectors/${name}/topics`)
    assert.deepEqual(topics, { [name]: { topics: [topic] } })
  })

  it('GET /connectors lists it, with its status and information when asked to expand', async () => {
    assert.deepEqual((await instance.call('GET', '/connectors')).body, [name])
    const { body } = await instance.call('GET', '/connectors?expand=status&expand=info')
    assert.equal(body[name].status.connector.state, 'RUNNING')
    assert.equal(body[name].info.config.topics, topic)
    const { body: one } = await instance.call('GET', '/connectors?expand=info')
    assert.deepEqual(Object.keys(one[name]), ['info'])
  })

  it('PUT …/config changes it, PATCH …/config changes some of it; both go on from the last commit', async () => {
    const config = { 'connector.class': sinkClass, topics: topic, ...rotation }
    const put = await instance.call('PUT', `/connectors/${name}/config`, { ...config, 'flush.size': '20' })
    assert.deepEqual([put.status, put.body.config['flush.size']], [200, '20'])
    const patch = await instance.call('PATCH', `/connectors/${name}/config`, {
      'flush.size': null,
      'rotate.idle.ms': '300',
    })
    assert.equal(patch.status, 200)
    assert.deepEqual(patch.body.config, { 'connector.class': sinkClass, topics: topic, 'rotate.idle.ms': '300', name })
    assert.equal((await statusWhen('RUNNING')).body.connector.state, 'RUNNING')
    assert.equal((await archivedUpTo(50)).body.offsets.length, 2)
  })

  it('PUT …/config creates what is not there, 201', async () => {
    const other = uniqueName('other')
    const put = await instance.call('PUT', `/connectors/${other}/config`, { topics: uniqueName('nowhere') })
    assert.equal(put.status, 201)
    assert.equal(put.headers.get('location'), `/connectors/${other}`)
    const failed = await statusWhen('FAILED', other)
    assert.match(failed.body.connector.trace, /topic-not-found.*\nwhat to do: /s)
    assert.equal((await instance.call('DELETE', `/connectors/${other}`)).status, 204)
  })

  it('PUT …/pause and …/resume, 202', async () => {
    assert.equal((await instance.call('PUT', `/connectors/${name}/pause`)).status, 202)
    const paused = await eventually(
      () => instance.call('GET', `/connectors/${name}/status`),
      ({ body }) => body.tasks.length === 1,
    )
    assert.equal(paused.body.connector.state, 'PAUSED')
    assert.equal(paused.body.tasks[0].state, 'PAUSED')
    assert.equal((await instance.call('PUT', `/connectors/${name}/pause`)).status, 202, 'again changes nothing')
    assert.equal((await instance.call('PUT', `/connectors/${name}/resume`)).status, 202)
    assert.equal((await statusWhen('RUNNING')).body.connector.state, 'RUNNING')
  })

  it('POST …/restart: 204 for the connector alone, else 202 with what is restarting', async () => {
    assert.equal((await instance.call('POST', `/connectors/${name}/restart`)).status, 204)
    await statusWhen('RUNNING')
    const all = await instance.call('POST', `/connectors/${name}/restart?includeTasks=true`)
    assert.equal(all.status, 202)
    assert.equal(all.body.connector.state, 'RESTARTING')
    assert.equal(all.body.tasks[0].state, 'RESTARTING')
    await statusWhen('RUNNING')
    // the restart before may not have begun when its answer came
    const failed = await eventually(
      () => instance.call('POST', `/connectors/${name}/restart?includeTasks=true&onlyFailed=true`),
      ({ body }) => body.connector.state === 'RUNNING',
    )
    assert.equal(failed.status, 202)
    assert.equal(failed.body.connector.state, 'RUNNING', 'nothing has failed')
    assert.equal((await instance.call('POST', `/connectors/${name}/tasks/0/restart`)).status, 204)
    assert.equal((await statusWhen('RUNNING')).body.connector.state, 'RUNNING')
  })

  it('PATCH and DELETE …/offsets need a stopped connector', async () => {
    const offsets = offsetsOf(0, 60)
    assertError(
      await instance.call('PATCH', `/connectors/${name}/offsets`, offsets),
      400,
      /must be in the STOPPED state/,
    )
    assertError(
      await instance.call('DELETE', `/connectors/${name}/offsets`),
      400,
      new RegExp(`/connectors/${name}/stop`),
    )
    assert.equal((await instance.call('PUT', `/connectors/${name}/stop`)).status, 204)
    const { body } = await instance.call('GET', `/connectors/${name}/status`)
    assert.deepEqual([body.connector.state, body.tasks], ['STOPPED', []])
  })

  it('PATCH …/offsets refuses to go back, to reset, to leave the log, and what is no offset', async () => {
    const path = `/connectors/${name}/offsets`
    const patch = (body: unknown): Promise<Answer> => instance.call('PATCH', path, body)
    assertError(await patch(offsetsOf(0, 10)), 400, /cannot go back to 10.*twice/s)
    assertError(await patch(offsetsOf(0, null)), 400, /cannot be reset/)
    assertError(await patch(offsetsOf(0, 51)), 400, /beyond the end/)
    assertError(await patch(offsetsOf(7, 60)), 400, /no partition 7/)
    assertError(await patch({}), 400, /Partitions \/ offsets need to be provided for an alter offsets request/)
    assertError(await patch({ offsets: [{ partition: { kafka_topic: topic } }] }), 400, /must contain the keys/)
    assertError(
      await patch({ offsets: [{ partition: { kafka_topic: 'x', kafka_partition: 0 }, offset: { kafka_offset: 1 } }] }),
      400,
      /does not archive the topic x/,
    )
    assertError(await patch(offsetsOf(0, 'ten')), 400, /'ten'. Offset values for sink connectors need to be integers/)
    assertError(await instance.call('DELETE', path), 400, /archived up to offset 50/)
    assert.equal((await archivedUpTo(50)).body.offsets.length, 2, 'nothing was moved')
  })

  it('PATCH …/offsets moves a partition forward, which the archive explains as a gap', async () => {
    await sendOrders(instance.rig.brokers, topic, 100, 120)
    const { status, body } = await instance.call('PATCH', `/connectors/${name}/offsets`, offsetsOf(0, '58'))
    assert.deepEqual(
      [status, body],
      [200, { message: 'The offsets for this connector have been altered successfully' }],
    )
    const { body: archived } = await instance.call('GET', `/v1/topics/${topic}`)
    const partition = archived.archived.find((entry: { partition: number }) => entry.partition === 0)
    assert.equal(partition.next, '58')
    assert.deepEqual(partition.gaps, [{ reason: 'skipped', firstOffset: '50', lastOffset: '57', offsets: '8' }])
    await instance.call('PUT', `/connectors/${name}/resume`)
    await archivedUpTo(60)
    const { body: counted } = await instance.call('POST', '/v1/queries', {
      sql: `SELECT count(*) AS n, max(record_offset) AS last FROM "${topic}" WHERE record_partition = 0`,
    })
    assert.deepEqual(counted.rows, [{ n: 52, last: 59 }])
  })

  it('DELETE /connectors/… forgets the connector and keeps the archive', async () => {
    assert.equal((await instance.call('DELETE', `/connectors/${name}`)).status, 204)
    assertError(await instance.call('GET', `/connectors/${name}`), 404, new RegExp(`Connector ${name} not found`))
    assert.equal((await instance.call('GET', `/v1/topics/${topic}`)).status, 200)
    const isCapturing = async () => instance.rig.services.captures().some(({ connector }) => connector === name)
    assert.equal(await eventually(isCapturing, (capturing) => !capturing), false)
  })

  it('DELETE …/offsets of a connector that archived nothing has nothing to do', async () => {
    const idle = uniqueName('idle')
    const created = await instance.call('POST', '/connectors', {
      name: idle,
      config: { topics: idle },
      initial_state: 'STOPPED',
    })
    assert.equal(created.status, 201)
    const { status, body } = await instance.call('DELETE', `/connectors/${idle}/offsets`)
    assert.deepEqual([status, body], [200, { message: 'The offsets for this connector have been reset successfully' }])
    assert.deepEqual((await instance.call('GET', `/connectors/${idle}/offsets`)).body, { offsets: [] })
    await instance.call('DELETE', `/connectors/${idle}`)
  })
})

function offsetsOf(partition: number, offset: unknown): object {
  return {
    offsets: [
      {
        partition: { kafka_topic: topic, kafka_partition: partition },
        offset: offset === null ? null : { kafka_offset: offset },
      },
    ],
  }
}
