import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { alertReceiver } from '../kit/alert-receiver.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { createTestTopic, produceEach } from '../kit/topics.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

describe('coldstream topics --headroom', () => {
  let brokers: string[]
  let folder: string
  let connector: string
  let topic: string
  let environment: NodeJS.ProcessEnv

  before(async () => {
    brokers = await sharedKafka()
    folder = await mkdtemp(join(tmpdir(), 'coldstream-headroom-'))
    environment = {
      ...process.env,
      COLDSTREAM_KAFKA_BROKERS: brokers.join(','),
      COLDSTREAM_STORE: join(folder, 'archive'),
      COLDSTREAM_HEADROOM_GROUPS_REGEX: '(?!)',
    }
    topic = await createTestTopic(brokers, { 'retention.ms': '86400000', 'retention.bytes': '1000000' })
    connector = join(folder, 'connector.json')
    await writeFile(connector, JSON.stringify({ name: topic, config: { topics: topic, 'rotate.idle.ms': '50' } }))
    await produceEach(brokers, topic, [{ value: 'a' }])
  })
  after(() => rm(folder, { recursive: true }))

  const coldstream = async (...args: string[]) => {
    const options = { cwd: folder, env: environment, timeout: 60_000 }
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, ...args], options)
    return { stdout, stderr }
  }

  it('says that there is nothing to watch, then what is behind, how long it stays and how bad that is', async () => {
    const { stdout: none, stderr: note } = await coldstream('topics', '--headroom')
    assert.equal(none, '')
    assert.match(note, /No topic of .*archive is on the broker/)
    await coldstream('capture', connector, '--until-end')
    const { stdout: archived } = await coldstream('topics', '--headroom')
    assert.match(archived, /^topic +reader +behind +time to loss +level\n/)
    assert.match(archived, new RegExp(`${topic} +archive +0 +never +ok`))
    await produceEach(brokers, topic, [{ value: 'b', timestampMs: Date.now() - 50_000_000 }])
    const { stdout: behind } = await coldstream('topics', '--headroom')
    assert.match(behind, new RegExp(`${topic} +archive +1 +10h \\d+m +warn`))
    const { stdout: json } = await coldstream('topics', '--headroom', '--json')
    const [found] = JSON.parse(json).topics
    assert.deepEqual(
      [found.topic, found.limits, found.partitions[0].archived, found.partitions[0].level],
      [topic, { ms: 86_400_000, bytes: 1_000_000 }, '1', 'warn'],
    )
  })

  it('serve watches by itself and tells the webhook, and tells that it is over', async () => {
    const receiver = await alertReceiver([500])
    const env = {
      ...environment,
      COLDSTREAM_HTTP_PORT: '0',
      COLDSTREAM_HEADROOM_INTERVAL_MS: '200',
      COLDSTREAM_HEADROOM_WEBHOOK_URL: receiver.url,
      COLDSTREAM_LOG_LEVEL: 'info',
    }
    const serving = spawn(process.execPath, [main, 'serve'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    serving.stderr.on('data', (chunk: Buffer) => {
      log += String(chunk)
    })
    const ended = once(serving, 'exit')
    try {
      const told = async (state: string): Promise<void> => {
        const isTold = () =>
          receiver.alerts().some((alert) => alert.id === `headroom/${topic}/0` && alert.state === state)
        for (const deadline = Date.now() + 60_000; !isTold(); await sleep(50)) assert.ok(Date.now() < deadline, log)
      }
      await told('firing')
      await coldstream('capture', connector, '--until-end')
      await told('resolved')
    } finally {
      serving.kill('SIGTERM')
      await ended
      await receiver.close()
    }
    assert.equal(serving.exitCode, 0, log)
    assert.match(log, /1 records are not archived/)
    assert.doesNotMatch(log, /secret-token/)
  })
})
