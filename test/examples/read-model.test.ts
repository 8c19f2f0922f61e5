import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { after, before, suite } from 'node:test'
import { promisify } from 'node:util'
import { independentClient } from '../adapters/kafka/judge.ts'
import { type KafkaServer, startKafka } from '../kit/kafka.ts'

const exec = promisify(execFile)
const example = join(import.meta.dirname, '..', '..', 'examples', 'read-model', 'main.ts')

suite('the read model', () => {
  let kafka: KafkaServer

  before(async () => {
    kafka = await startKafka()
  })
  after(() => kafka?.stop())

  test('that is rebuilt from the archive, killed on the way, ends equal to one that never stopped', async () => {
    const child = spawn(process.execPath, [example, '--events', '20000'], {
      env: { ...process.env, COLDSTREAM_KAFKA_BROKERS: kafka.brokers.join() },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    assert.equal(code, 0, out + err)
    const [neverStopped, rebuilt] = ['never stopped', 'rebuilt'].map((name) => {
      const [, replayed, live, orders, customers, checksum] =
        new RegExp(`^${name} +([\\d,]+) +([\\d,]+) +([\\d,]+) +([\\d,]+)  (\\w+)`, 'm').exec(out) ?? []
      return { replayed: count(replayed), live: count(live), model: [orders, customers, checksum] }
    })
    assert.deepEqual(rebuilt!.model, neverStopped!.model)
    assert.deepEqual([neverStopped!.replayed, neverStopped!.live], [0, 20_000])
    assert.equal(rebuilt!.replayed + rebuilt!.live, 20_000)
    assert.ok(rebuilt!.replayed > 0 && rebuilt!.live > 0)
    const admin = independentClient(kafka.brokers).admin()
    await admin.connect()
    const left = (await admin.listTopics()).filter((name) => !name.startsWith('_'))
    await admin.disconnect()
    assert.deepEqual(left, [], 'a borrowed broker is given back as it was')
  })

  test('answers --help, and refuses what it does not know with 2', async () => {
    assert.match((await exec(process.execPath, [example, '--help'])).stdout, /^npm run example:read-model/)
    for (const wrong of [['--evens'], ['--events', '7']]) {
      await assert.rejects(exec(process.execPath, [example, ...wrong]), { code: 2 })
    }
  })
})

function count(text: string | undefined): number {
  return Number(text?.replaceAll(',', ''))
}
