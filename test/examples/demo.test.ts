import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { after, before, suite } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { type KafkaServer, startKafka } from '../kit/kafka.ts'

const exec = promisify(execFile)
const repository = join(import.meta.dirname, '..', '..')
const demo = join(repository, 'examples', 'demo', 'main.ts')

suite('the demo', () => {
  let kafka: KafkaServer
  /** Where the demo leaves its archives. */
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldstream-demo-test-'))
    kafka = await startKafka()
  })
  after(async () => {
    await kafka?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('proves that the rebuilt model equals the original one, and gives a borrowed broker back as it was', async () => {
    const child = startDemo(['--events', '5000'], { COLDSTREAM_KAFKA_BROKERS: kafka.brokers.join() })
    const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')])
    assert.equal(code, 0, out + err)
    assert.match(out, /^equal: the same [\d,]+ records/m)
    assert.match(out, /^orders: every offset is one row/m)
    assert.deepEqual(await visibleTopics(), [])
    const archive = fileURLToPath(/COLDSTREAM_STORE=(\S+)/.exec(out)![1]!)
    assert.ok(existsSync(join(archive, 'topics', 'orders')), archive)
  })

  test('writes into no topic that is there already', async () => {
    const admin = client().admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'payments', numPartitions: 1 }] })
    const child = startDemo([], { COLDSTREAM_KAFKA_BROKERS: kafka.brokers.join() })
    const [err, [code]] = await Promise.all([text(child.stderr!), once(child, 'close'), text(child.stdout!)])
    assert.equal(code, 1)
    assert.match(err, /has payments already/)
    assert.deepEqual(await visibleTopics(), ['payments'])
    await admin.deleteTopics({ topics: ['payments'] })
    await admin.disconnect()
  })

  const ends = [
    { signal: 'SIGKILL', when: 'at work', line: /^Kafka at/m },
    { signal: 'SIGINT', when: 'at work', line: /^== Into the archive/m },
    { signal: 'SIGINT', when: 'kept to try more commands', line: /^Kafka runs until/m },
  ] as const
  for (const { signal, when, line } of ends) {
    test(`leaves no Kafka running when ${signal} ends it while it is ${when}`, { timeout: 120_000 }, async () => {
      // no Docker engine answers there, so that Java has to
      const environment = { COLDSTREAM_KAFKA_BROKERS: '', DOCKER_HOST: 'tcp://127.0.0.1:1' }
      const child = startDemo(['--events', '5000', '--keep'], environment)
      const closed = once(child, 'close')
      const out = await printed(child, line)
      const broker = Number(/\(Java, process (\d+)\)/.exec(out)![1])
      assert.ok(isRunning(broker))
      child.kill(signal)
      await closed
      while (isRunning(broker)) await sleep(20)
    })
  }

  test('answers --help without starting anything, and refuses what it does not know with 2', async () => {
    const { stdout } = await exec(process.execPath, [demo, '--help'])
    assert.match(stdout, /^npm run demo/)
    for (const wrong of [
      ['--evens', '1'],
      ['--events', 'many'],
      ['--events', '1e9'],
    ]) {
      await assert.rejects(exec(process.execPath, [demo, ...wrong]), { code: 2 })
    }
  })

  function startDemo(args: string[], env: Record<string, string>): ChildProcess {
    return spawn(process.execPath, [demo, ...args], {
      env: { ...process.env, TMPDIR: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  function client(): Kafka {
    return new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING })
  }

  /** Topics that are not internal to Kafka or Coldstream. */
  async function visibleTopics(): Promise<string[]> {
    const admin = client().admin()
    await admin.connect()
    const names = await admin.listTopics()
    await admin.disconnect()
    return names.filter((name) => !name.startsWith('_'))
  }
})

/** What the demo printed, as soon as a line of it is as expected; fails when it ends before. */
async function printed(child: ChildProcess, line: RegExp): Promise<string> {
  let out = ''
  for await (const chunk of child.stdout!.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    out += chunk
    if (line.test(out)) {
      child.stdout!.resume()
      return out
    }
  }
  assert.fail(`the demo ended early:\n${out}`)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH')
    return false
  }
}
