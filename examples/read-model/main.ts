import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createOutput } from '../../src/cli/output.ts'
import { findBroker } from '../demo/broker.ts'
import { show } from './show.ts'

const usage = `npm run example:read-model [-- options]

Rebuilds a read model (orders by customer, in SQLite) from the archive while live traffic goes on, kills it on the way, and
compares it with one that never stopped. Kafka is found as \`npm run demo\` finds it.

  --events <n>   events of orders to write (default 100000)
  --help         this text
`

const output = createOutput(process, false)
const { values } = parseArgs({
  options: { events: { type: 'string', default: '100000' }, help: { type: 'boolean', short: 'h', default: false } },
})
const events = Number(values.events)

if (values.help) output.raw(usage)
else if (!Number.isInteger(events) || events < 1_000) {
  output.note(`--events must be a whole number of at least 1000.\n\n${usage}`)
  process.exitCode = 2
} else process.exitCode = await example()

async function example(): Promise<number> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-read-model-'))
  try {
    const broker = await findBroker(output.note)
    output.line(`Kafka at ${broker.brokers.join()} (${broker.origin})`)
    try {
      await show(broker, folder, events, output, stop.signal)
    } finally {
      await broker.stop()
    }
    return 0
  } catch (error) {
    output.note(
      stop.signal.aborted ? 'Stopped.' : `The example failed: ${error instanceof Error ? error.stack : String(error)}`,
    )
    return stop.signal.aborted ? 130 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
