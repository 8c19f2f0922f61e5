import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, it } from 'node:test'
import { promisify } from 'node:util'
import { readCommitted } from '../adapters/kafka/judge.ts'
import { eventually, type Instance, startInstance } from '../connect/kit.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveTopic, createOrders } from '../kit/services.ts'

const run = promisify(execFile)
const orders = 200

let instance: Instance
let topic: string

before(async () => {
  const brokers = await sharedKafka()
  topic = await createOrders(brokers, orders)
  instance = await startInstance({ brokers })
  await archiveTopic(instance.rig.services, topic)
})
after(() => instance.close())

/** The calls of docs/replay.md, one text each. */
async function walk(): Promise<string[]> {
  const page = await readFile(new URL('../../docs/replay.md', import.meta.url), 'utf8')
  const [, script] = /```sh\n([^`]+)```/.exec(page) ?? []
  return [...script!.matchAll(/^curl (?:\\\n|[^'\n]|'[^']*')+$/gm)].map(([call]) => call)
}

it('the walk through a replay in docs/replay.md succeeds, call by call', async () => {
  const [id, group, first] = ['rebuild', 'group', 'first'].map((name) => `${name}-${randomUUID().slice(0, 8)}`)
  const calls = await walk()
  assert.equal(calls.length, 15)
  const answers: string[] = []
  for (const call of calls) {
    // the page's names, pace and address are examples
    const command = call
      .replaceAll('localhost:8080', instance.url.replace('http://', ''))
      .replaceAll('orders-rebuilt', id!)
      .replaceAll('orders-first', first!)
      .replaceAll('rebuild-7', id!)
      .replaceAll('orders-by-customer', group!)
      .replaceAll('first-orders', first!)
      .replaceAll('5b1f0c', first!)
      .replaceAll('"orders"', `"${topic}"`)
      .replaceAll('=orders', `=${topic}`)
      .replaceAll('0000}', '}')
      .replace(/^curl (-sN?)/, `curl $1 -w '\\n%{http_code}'`)
    if (call.includes('/pause'))
      await eventually(
        async () => (await status(id!)).state,
        (state) => state === 'running',
      )
    const { stdout } = await run('bash', ['-c', command])
    assert.match(stdout, /\n20[024]$/, `${call}\n${stdout}`)
    answers.push(stdout.replace(/\n\d+$/, ''))
  }
  const of = (part: string): string => answers[calls.findIndex((call) => call.includes(part))]!
  assert.equal(JSON.parse(of('dryRun')).plan.rows, orders)
  assert.equal(JSON.parse(of('/pause')).state, 'paused')
  assert.match(of('/events'), /"state":"completed"[^\n]*\n\n$/)
  assert.equal((await readCommitted(instance.rig.brokers, id!)).length, orders)
  const [, committed] = answers
    .filter((_, index) => calls[index]!.includes('/handover'))
    .map((text) => JSON.parse(text))
  assert.deepEqual(
    committed.sources[0].partitions.map(({ offset }: { offset: string }) => offset),
    [String(orders / 2), String(orders / 2)],
  )
})

async function status(id: string) {
  return (await instance.call('GET', `/v1/replays/${id}`)).body
}
