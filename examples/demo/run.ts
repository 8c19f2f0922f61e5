import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { formatCount, type Output } from '../../src/cli/output.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { type Broker, findBroker } from './broker.ts'
import { coldstreamWith } from './coldstream.ts'
import type { DemoOptions } from './options.ts'
import { createTopics, deleteTopics, produce } from './produce.ts'
import { proveRebuild } from './prove-rebuild.ts'
import { shopEvents, topics } from './shop-events.ts'
import { summary } from './summary.ts'

const rebuilt = 'orders-rebuilt'
const replayId = 'demo-orders-rebuilt'
const startMs = Date.UTC(2026, 2, 2, 6)
const window = { fromMs: Date.UTC(2026, 2, 2, 8), untilMs: Date.UTC(2026, 2, 2, 11) }
const from = new Date(window.fromMs).toISOString()
const until = new Date(window.untilMs).toISOString()

/** The whole demo: into the archive, asking it, out of the archive, and the proof that nothing changed on the way. */
export async function runDemo(
  options: DemoOptions,
  folder: string,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const startedAtMs = performance.now()
  title(output, 'A Kafka to work with')
  const broker = await findBroker(output.note)
  const kafka = new Kafka({ clientId: 'coldstream-demo', brokers: broker.brokers, logLevel: logLevel.NOTHING })
  let made = false
  try {
    output.line(`Kafka at ${broker.brokers.join()} (${broker.origin})`)
    signal.throwIfAborted()
    await createTopics(kafka, rebuilt)
    made = true
    const store = pathToFileURL(join(folder, 'archive')).href
    await tour(options, { kafka, broker, store }, output, signal)
    const seconds = (performance.now() - startedAtMs) / 1000
    const brokers = options.keep ? broker.brokers : null
    output.line(summary({ seconds, events: options.events, store, from, until, rebuilt, brokers }))
    if (options.keep) await aborted(signal)
  } finally {
    if (broker.borrowed && made) await deleteTopics(kafka, rebuilt, replayId)
    await broker.stop()
  }
}

interface Place {
  kafka: Kafka
  broker: Broker
  store: string
}

async function tour(options: DemoOptions, place: Place, output: Output, signal: AbortSignal): Promise<void> {
  const { kafka, broker, store } = place
  const environment = { COLDSTREAM_KAFKA_BROKERS: broker.brokers.join(), COLDSTREAM_STORE: store }
  const coldstream = coldstreamWith(environment, output.line, signal)

  title(output, `A day of a small shop: ${formatCount(options.events)} events into ${Object.keys(topics).join(', ')}`)
  const events = shopEvents({ ...options, startMs })
  const progress = createProgress(output, 'write', 'events')
  try {
    await produce(kafka, events, (written) => progress.update(written, events.length), signal)
  } finally {
    progress.stop()
  }

  title(output, 'Into the archive: Parquet, a folder per hour')
  await coldstream.run('capture', 'connectors/demo.json', '--until-end')
  await coldstream.run('topics')

  title(output, 'Ask the archive')
  const hour = ['--param', `from=${from}`, '--param', `until=${new Date(window.fromMs + 3_600_000).toISOString()}`]
  await coldstream.run('query', '--template', 'events-per-type-and-hour', '--param', 'topic=orders', ...hour)
  const volume = ['query', '--template', 'volume-per-partition-and-hour', '--param', 'topic=payments']
  await coldstream.run(...volume, ...hour)
  await coldstream.run('query', '--template', 'top-keys', '--param', 'topic=shipments', '--param', 'limit=5')

  title(output, `Out of the archive: three hours of orders into the fresh topic ${rebuilt}`)
  const range = ['--from', from, '--until', until]
  await coldstream.run('replay', 'orders', '--to', rebuilt, '--id', replayId, ...range, '--wait')

  title(output, 'Rebuild a read model from the replay, and compare it with one made of the originals')
  await proveRebuild({ kafka, original: 'orders', replayed: rebuilt, window }, output, signal)

  title(output, 'Check the archive: every offset a row or an explained gap, every object whole')
  await coldstream.run('verify', 'orders')
}

/** Resolves when the signal aborts, and keeps the process alive until then: a signal alone does not. */
async function aborted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => undefined, 60_000)
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  clearInterval(alive)
}

function title(output: Output, text: string): void {
  output.line(`\n== ${text}`)
}
