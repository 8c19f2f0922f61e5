import { parseArgs } from 'node:util'

export const usage = `npm run demo [-- options]

Starts a Kafka, writes the events of a small shop's day into three topics, archives them as Parquet, asks the archive
with SQL, replays three hours of it into a fresh topic, and rebuilds a read model from the replay.

  --events <n>   events to write (default 200000)
  --seed <n>     another day of the shop (default 1); the same seed gives the same events
  --keep         keep Kafka running at the end, until Ctrl-C, to try more commands
  --help         this text

Kafka is the one of COLDSTREAM_KAFKA_BROKERS, if that is set; else a container (COLDSTREAM_KAFKA_IMAGE), if a Docker
engine answers; else it runs on Java, fetched by Maven the first time. The archive stays, in a temporary folder.
`

export interface DemoOptions {
  events: number
  seed: number
  keep: boolean
}

/** Reads the command line; null when only help was asked for. Throws an Error that says what is wrong. */
export function readOptions(args: string[]): DemoOptions | null {
  const { values } = parseArgs({
    args,
    options: {
      events: { type: 'string', default: '200000' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  return {
    events: wholeNumber('--events', values.events, 1_000, 5_000_000),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    keep: values.keep,
  }
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new Error(`${option} must be a whole number from ${min} to ${max}, not "${text}".`)
}
