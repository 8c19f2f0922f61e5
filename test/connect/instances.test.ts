import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readConnectorFiles } from '../../src/cli/connector-files.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { createOrders, sendOrders } from '../kit/services.ts'
import { type Answer, eventually, type Instance, startInstance, uniqueName } from './kit.ts'

let folder: string
let one: Instance
let two: Instance
let fileTopic: string
const fileName = uniqueName('by-file')
const secret = 'a-literal-secret-of-a-file'

before(async () => {
  const brokers = await sharedKafka()
  folder = await mkdtemp(join(tmpdir(), 'coldstream-instances-'))
  fileTopic = await createOrders(brokers, 10)
  const file = join(folder, 'by-file.json')
  const s3 = { 's3.bucket.name': 'unused', 'aws.access.key.id': 'AKIA', 'aws.secret.access.key': secret }
  await writeFile(file, JSON.stringify({ name: fileName, topics: fileTopic, 'flush.size': 5, ...s3 }))
  const archive = join(folder, 'archive')
  one = await startInstance({ brokers, archive, files: await readConnectorFiles([file]) })
  two = await startInstance({ brokers, archive })
})
after(async () => {
  await Promise.all([one.close(), two.close()])
  await rm(folder, { recursive: true })
})

function statusWhen(instance: Instance, name: string, state: string): Promise<Answer> {
  return eventually(
    () => instance.call('GET', `/connectors/${name}/status`),
    ({ body }) => body.connector?.state === state,
  )
}

async function offsetsWhen(instance: Instance, name: string, next: number): Promise<number[]> {
  const offsetsOf = ({ body }: Answer): number[] =>
    (body.offsets ?? []).map(({ offset }: { offset: { kafka_offset: number } }) => offset.kafka_offset)
  const answer = await eventually(
    () => instance.call('GET', `/connectors/${name}/offsets`),
    (candidate) => offsetsOf(candidate).length === 2 && offsetsOf(candidate).every((offset) => offset === next),
  )
  return offsetsOf(answer)
}

describe('two instances on one archive', () => {
  it('see each other’s connectors at once, and both run them', async () => {
    const brokers = one.rig.brokers
    const topic = await createOrders(brokers, 10)
    const name = uniqueName('shared')
    assert.equal(
      (await one.call('PUT', `/connectors/${name}/config`, { topics: topic, 'flush.size': '5' })).status,
      201,
    )
    assert.deepEqual((await two.call('GET', '/connectors')).body, [name])
    for (const instance of [one, two]) {
      const { body } = await statusWhen(instance, name, 'RUNNING')
      assert.deepEqual(body.connector, { state: 'RUNNING', worker_id: instance.workerId, version: '0.0.0-test' })
    }
    assert.deepEqual(await offsetsWhen(two, name, 5), [5, 5])

    assert.equal((await two.call('PUT', `/connectors/${name}/pause`)).status, 202)
    assert.equal((await one.call('GET', `/connectors/${name}/status`)).body.connector.state, 'PAUSED')
    const isCapturing = ({ rig }: Instance): boolean =>
      rig.services.captures().some(({ connector }) => connector === name)
    const ended = await eventually(async () => ![one, two].some(isCapturing), Boolean)
    assert.ok(ended, 'both captures have ended')
    await sendOrders(brokers, topic, 10, 20)
    assert.equal((await one.call('PUT', `/connectors/${name}/resume`)).status, 202)
    assert.deepEqual(await offsetsWhen(one, name, 10), [10, 10])
    const { body } = await two.call('POST', '/v1/queries', { sql: `SELECT count(*) AS n FROM "${topic}"` })
    assert.deepEqual(body.rows, [{ n: 20 }], 'once each, although two captured')

    assert.equal((await one.call('DELETE', `/connectors/${name}`)).status, 204)
    assert.deepEqual((await two.call('GET', '/connectors')).body, [])
    assert.ok(await eventually(async () => ![one, two].some(isCapturing), Boolean))
  })

  it('refuse two connectors with a topic in common, whichever instance is asked', async () => {
    const [first, second] = [uniqueName('first'), uniqueName('second')]
    const stopped = (name: string, config: object) => ({ name, config, initial_state: 'STOPPED' })
    assert.equal((await one.call('POST', '/connectors', stopped(first, { 'topics.regex': 'overlap-.*' }))).status, 201)
    const refused = await two.call('POST', '/connectors', stopped(second, { topics: 'overlap-x' }))
    assert.equal(refused.status, 409)
    assert.equal(refused.body.error_code, 409)
    for (const part of [first, second, 'overlap-x']) assert.ok(refused.body.message.includes(part), part)
    const changed = await two.call('PUT', `/connectors/${second}/config`, { topics: 'something-else' })
    assert.equal(changed.status, 201)
    assert.equal((await two.call('PUT', `/connectors/${second}/config`, { topics: 'overlap-y' })).status, 409)
    const races = await Promise.all(
      [one, two, one, two].map((instance, index) =>
        instance.call('POST', '/connectors', stopped(`${second}-${index}`, { topics: 'raced' })),
      ),
    )
    assert.deepEqual(races.map(({ status }) => status).sort(), [201, 409, 409, 409])
    for (const name of (await one.call('GET', '/connectors')).body.filter((name: string) => name !== fileName))
      await one.call('DELETE', `/connectors/${name}`)
  })
})

describe('a connector that was given as a file', () => {
  it('runs and shows on its instance, its secrets hidden', async () => {
    assert.deepEqual(await offsetsWhen(one, fileName, 5), [5, 5])
    const { body } = await one.call('GET', '/connectors?expand=status&expand=info')
    assert.equal(body[fileName].status.connector.state, 'RUNNING')
    assert.equal(body[fileName].info.config['flush.size'], '5')
    assert.equal(body[fileName].info.config['aws.secret.access.key'], '[hidden]')
    assert.ok(!JSON.stringify(body).includes(secret))
    const tasks = await one.call('GET', `/connectors/${fileName}/tasks`)
    assert.ok(!JSON.stringify(tasks.body).includes(secret))
  })

  it('is not changed by REST, which names the file', async () => {
    const path = `/connectors/${fileName}`
    for (const [method, url, body] of [
      ['PUT', `${path}/config`, { topics: 'x' }],
      ['PATCH', `${path}/config`, { topics: 'x' }],
      ['POST', '/connectors', { name: fileName, config: { topics: 'x' } }],
      ['DELETE', path],
      ['PUT', `${path}/pause`],
      ['PUT', `${path}/resume`],
      ['PUT', `${path}/stop`],
    ] as const) {
      const answer = await one.call(method, url, body)
      assert.equal(answer.status, 409, `${method} ${url}`)
      assert.match(answer.body.message, /by-file\.json/)
      assert.ok(!answer.body.message.includes(secret))
    }
    const restarted = await one.call('POST', `${path}/restart?includeTasks=true`)
    assert.equal(restarted.status, 202)
    assert.equal((await statusWhen(one, fileName, 'RUNNING')).status, 200)
  })

  it('goes before one of the archive that would take its topic', async () => {
    const name = uniqueName('late')
    const refused = await one.call('POST', '/connectors', { name, config: { topics: fileTopic } })
    assert.equal(refused.status, 409)
    for (const part of [name, fileName, 'by-file.json']) assert.ok(refused.body.message.includes(part), part)
    // the other instance knows nothing of the file
    assert.equal((await two.call('POST', '/connectors', { name, config: { topics: fileTopic } })).status, 201)
    const { body } = await statusWhen(one, name, 'FAILED')
    assert.match(body.connector.trace, /connectors-overlap.*by-file\.json/s)
    assert.equal((await statusWhen(two, name, 'RUNNING')).body.connector.state, 'RUNNING')
    await two.call('DELETE', `/connectors/${name}`)
  })
})
