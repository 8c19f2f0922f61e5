import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, before, it } from 'node:test'
import { promisify } from 'node:util'
import { eventually, type Instance, startInstance } from '../connect/kit.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { createOrders } from '../kit/services.ts'

const run = promisify(execFile)

let instance: Instance
let topic: string

before(async () => {
  const brokers = await sharedKafka()
  topic = await createOrders(brokers, 20)
  instance = await startInstance({ brokers })
})
after(() => instance.close())

/** The calls of docs/connect.md, one text each. */
async function walk(): Promise<string[]> {
  const page = await readFile(new URL('../../docs/connect.md', import.meta.url), 'utf8')
  const [, script] = /```sh\n([^`]+)```/.exec(page) ?? []
  return [...script!.matchAll(/^curl (?:\\\n|[^'\n]|'[^']*')+$/gm)].map(([call]) => call)
}

it('the walk through the API in docs/connect.md succeeds, call by call', async () => {
  const calls = await walk()
  assert.equal(calls.length, 16)
  for (const call of calls) {
    // the page's topics and address are examples
    const command = call
      .replaceAll('localhost:8080', instance.url.replace('http://', ''))
      .replaceAll('orders,payments', topic)
      .replace('"kafka_topic": "orders"', `"kafka_topic": "${topic}"`)
      .replace('"kafka_offset": 5000', '"kafka_offset": 10')
      .replace('curl -s', "curl -s -o /dev/null -w '%{http_code}'")
    if (call.includes('/pause')) await eventually(running, Boolean)
    const { stdout } = await run('bash', ['-c', command])
    assert.match(stdout, /^20[0124]$/, call)
  }
})

async function running(): Promise<boolean> {
  return (await instance.call('GET', '/connectors/orders/status')).body.connector.state === 'RUNNING'
}
