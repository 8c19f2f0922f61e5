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
let events: number | null | undefined
try {
  events = readEvents(process.argv.slice(2))
} catch (error) {
  output.note(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  process.exitCode = 2
}
if (events === null) output.raw(usage)
else if (events !== undefined) process.exitCode = await example(events)

/** How many to write; null when only help was asked for. */
function readEvents(args: string[]): number | null {
  const { values } = parseArgs({
    args,
    options: { events: { type: 'string', default: '100000' }, help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help) return null
  const given = Number(values.events)
  if (Number.isInteger(given) && given >= 1_000 && given <= 2_000_000) return given
  throw new Error(`--events must be a whole number from 1000 to 2000000, not "${values.events}".`)
}

async function example(count: number): Promise<number> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-read-model-'))
  try {
    const broker = await findBroker(output.note)
    output.line(`Kafka at ${broker.brokers.join()} (${broker.origin})`)
    try {
      await show(broker, folder, count, output, stop.signal)
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
