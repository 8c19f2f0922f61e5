import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Instance, sinkClass, startInstance, uniqueName } from '../connect/kit.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { createOrders } from '../kit/services.ts'

const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

let instance: Instance
let topic: string

before(async () => {
  process.env.CONNECT_TEST_SECRET = secret
  const brokers = await sharedKafka()
  topic = await createOrders(brokers, 2)
  instance = await startInstance({ brokers })
})
after(async () => {
  await instance.close()
  delete process.env.CONNECT_TEST_SECRET
})

const plugin = `/connector-plugins/${sinkClass}`

function assertError({ status, body }: Answer, expected: number, message: RegExp): void {
  assert.equal(status, expected, JSON.stringify(body))
  assert.deepEqual(Object.keys(body).sort(), ['error_code', 'message'])
  assert.equal(body.error_code, expected)
  assert.match(body.message, message)
}

interface ConfigEntry {
  definition: Record<string, unknown>
  value: { name: string; value: string | null; errors: string[]; visible: boolean }
}

describe('GET /connector-plugins', () => {
  it('lists the sink that Coldstream takes the place of', async () => {
    const { body } = await instance.call('GET', '/connector-plugins')
    assert.deepEqual(body, [{ class: sinkClass, type: 'sink', version: '0.0.0-test' }])
  })

  it('has a definition of every property', async () => {
    const { body } = await instance.call('GET', `${plugin}/config`)
    const flush = body.find(({ name }: { name: string }) => name === 'flush.size')
    assert.deepEqual(Object.keys(flush).sort(), [
      'default_value',
      'dependents',
      'display_name',
      'documentation',
      'group',
      'importance',
      'name',
      'order',
      'order_in_group',
      'required',
      'type',
      'width',
    ])
    assert.deepEqual([flush.type, flush.required, flush.group], ['INT', false, 'Connector'])
    assertError(
      await instance.call('GET', '/connector-plugins/FileStreamSink/config'),
      404,
      /Unknown plugin FileStreamSink/,
    )
  })
})

describe('PUT /connector-plugins/…/config/validate', () => {
  async function validate(
    config: object,
  ): Promise<{ count: number; entries: Map<string, ConfigEntry>; body: Answer['body'] }> {
    const { status, body } = await instance.call('PUT', `${plugin}/config/validate`, config)
    assert.equal(status, 200, JSON.stringify(body))
    const configs: ConfigEntry[] = body.configs
    return { count: body.error_count, entries: new Map(configs.map((entry) => [entry.value.name, entry])), body }
  }

  it('finds nothing wrong with a good configuration, and says what of it is ignored', async () => {
    const { count, entries, body } = await validate({
      'connector.class': sinkClass,
      name: 'x',
      topics: 'x',
      's3.part.size': '5242880',
    })
    assert.equal(count, 0)
    assert.equal(body.name, sinkClass)
    assert.ok(body.groups.includes('S3') && body.groups.includes('Partitioner'))
    assert.match(String(entries.get('s3.part.size')?.definition.documentation), /^Ignored: /)
    assert.equal(entries.get('s3.part.size')?.value.visible, true)
    assert.equal(entries.get('s3.part.retries')?.value.visible, false)
    assert.equal(entries.get('topics.dir')?.value.value, 'topics', 'the default')
  })

  it('puts every error to its property', async () => {
    const { count, entries } = await validate({
      name: 'x',
      'flush.size': 'ten',
      'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
      transforms: 'Mask',
      'transforms.Mask.type': 'org.apache.kafka.connect.transforms.MaskField$Value',
    })
    assert.equal(count, 5)
    assert.deepEqual(entries.get('flush.size')?.value.errors, ['flush.size "ten" is not a whole number of at least 1'])
    assert.match(entries.get('topics')!.value.errors[0]!, /topics is missing/)
    assert.match(entries.get('format.class')!.value.errors[0]!, /the archive is Parquet/)
    assert.match(entries.get('transforms')!.value.errors[0]!, /in a query/)
    assert.equal(entries.get('transforms.Mask.type')?.definition.group, 'Transforms')
  })

  it('takes the plugin’s short names, and no other type', async () => {
    for (const alias of ['S3SinkConnector', 'S3Sink']) {
      const { status } = await instance.call('PUT', `/connector-plugins/${alias}/config/validate`, {
        name: 'x',
        topics: 'x',
      })
      assert.equal(status, 200)
    }
    const other = { 'connector.class': 'FileStreamSink', name: 'x', topics: 'x' }
    assertError(await instance.call('PUT', `${plugin}/config/validate`, other), 400, /does not match request type/)
  })
})

describe('a configuration that is not taken', () => {
  it('is refused with all that is wrong with it', async () => {
    const config = { 'connector.class': sinkClass, 'flush.size': 'ten', topics: 'a', 'topics.regex': 'b.*' }
    const answer = await instance.call('POST', '/connectors', { name: 'x', config })
    assertError(answer, 400, /^Connector configuration is invalid and contains the following 3 error\(s\):\n/)
    for (const property of ['topics: ', 'topics.regex: ', 'flush.size: '])
      assert.ok(answer.body.message.includes(property))
    assert.match(answer.body.message, /`\/connector-plugins\/\{connectorType\}\/config\/validate`/)
    assert.deepEqual((await instance.call('GET', '/connectors')).body, [])
  })

  it('may be no object, have another name, or an unheard-of state', async () => {
    assertError(await instance.call('POST', '/connectors', []), 400, /must be a JSON object/)
    assertError(await instance.call('POST', '/connectors', { name: 'x' }), 400, /config: must be a JSON object/)
    assertError(
      await instance.call('POST', '/connectors', { name: 'x', config: { topics: ['a'] } }),
      400,
      /topics: must be text/,
    )
    assertError(
      await instance.call('PUT', '/connectors/x/config', { name: 'y', topics: 'a' }),
      400,
      /Connector name configuration \(y\) doesn't match connector name in the URL \(x\)/,
    )
    assertError(
      await instance.call('POST', '/connectors', { name: 'x', config: { topics: 'a' }, initial_state: 'ASLEEP' }),
      400,
      /initial_state/,
    )
  })

  it('is refused when the name is taken', async () => {
    const name = uniqueName('twice')
    const request = { name, config: { topics: name }, initial_state: 'STOPPED' }
    assert.equal((await instance.call('POST', '/connectors', request)).status, 201)
    assertError(
      await instance.call('POST', '/connectors', request),
      409,
      new RegExp(`Connector ${name} already exists`),
    )
    await instance.call('DELETE', `/connectors/${name}`)
  })
})

describe('secrets', () => {
  const store = { 's3.bucket.name': 'bucket', 'aws.access.key.id': 'AKIAIOSFODNN7EXAMPLE' }

  it('are not kept in the archive: a literal one is refused, with what to write', async () => {
    for (const property of [
      'aws.secret.access.key',
      'value.converter.basic.auth.user.info',
      'consumer.override.ssl.keystore.password',
    ]) {
      const config = {
        topics: topic,
        ...store,
        'aws.secret.access.key': `\${env:CONNECT_TEST_SECRET}`,
        [property]: secret,
      }
      const answer = await instance.call('POST', '/connectors', { name: 'leak', config })
      assertError(answer, 400, new RegExp(`${property}: is a secret.*\\$\\{env:NAME\\}`))
      assert.ok(!answer.body.message.includes(secret))
    }
    const { body } = await instance.call('PUT', `${plugin}/config/validate`, {
      name: 'leak',
      topics: topic,
      ...store,
      'aws.secret.access.key': secret,
    })
    assert.equal(body.error_count, 1)
    assert.ok(!JSON.stringify(body).includes(secret))
    assert.ok(JSON.stringify(body).includes('"[hidden]"'))
  })

  it('are taken from the environment, and only secrets are', async () => {
    const name = uniqueName('secret')
    const config = { topics: topic, ...store, 'aws.secret.access.key': `\${env:CONNECT_TEST_SECRET}` }
    const created = await instance.call('POST', '/connectors', { name, config })
    assert.equal(created.status, 201)
    assert.equal(created.body.config['aws.secret.access.key'], `\${env:CONNECT_TEST_SECRET}`)
    await sleep(300)
    for (const path of ['', '/config', '/status', '/tasks']) {
      const answer = await instance.call('GET', `/connectors/${name}${path}`)
      assert.ok(!JSON.stringify(answer.body).includes(secret), path)
    }
    for await (const { path } of instance.rig.services.store.list('connectors/'))
      assert.ok(!(await instance.rig.services.store.get(path)).includes(secret), path)
    await instance.call('DELETE', `/connectors/${name}`)
    for (const [property, value, message] of [
      ['topics.dir', `\${env:CONNECT_TEST_SECRET}`, /topics\.dir: is a reference/],
      ['aws.secret.access.key', `\${env:NOT_SET_ANYWHERE}`, /needs the environment variable NOT_SET_ANYWHERE/],
      ['aws.secret.access.key', `\${file:/etc/secrets:key}`, /config provider that is not there; use \$\{env:NAME\}/],
    ] as const) {
      const answer = await instance.call('POST', '/connectors', { name, config: { ...config, [property]: value } })
      assertError(answer, 400, message)
      assert.ok(!answer.body.message.includes(secret))
    }
  })
})

describe('what clients of Connect do', () => {
  it('names a content type without a body, and slashes at the end', async () => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    for (const [path, status] of [
      ['/connectors/', 200],
      ['/connectors/nowhere/', 404],
      ['/connector-plugins/', 200],
    ] as const) {
      const response = await fetch(`${instance.url}${path}`, { headers })
      assert.equal(response.status, status, path)
    }
    const paused = await fetch(`${instance.url}/connectors/nowhere/pause`, { method: 'PUT', headers })
    assert.equal(paused.status, 404)
    assert.match(await paused.text(), /^\{"error_code":404,"message":"Connector nowhere not found/)
  })

  it('is told of every error in Connect’s shape, other routes’ in RFC 9457’s', async () => {
    assertError(await instance.call('GET', '/connectors/nowhere/nothing'), 404, /HTTP 404 Not Found/)
    assertError(await instance.call('PUT', '/connectors/x/topics/reset'), 403, /^Topic tracking reset is disabled/)
    assertError(await instance.call('GET', '/connectors/nowhere/tasks/x/status'), 404, /Connector nowhere not found/)
    const form = await fetch(`${instance.url}/connectors`, { method: 'POST', body: new URLSearchParams({ name: 'x' }) })
    assert.equal(form.status, 415)
    assert.match(await form.text(), /^\{"error_code":415,/)
    const broken = await fetch(`${instance.url}/connectors`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(broken.status, 400)
    assert.match(await broken.text(), /is not JSON/)
    const other = await instance.call('GET', '/v1/topics/nowhere')
    assert.equal(other.body.code, 'topic-not-archived')
  })
})
