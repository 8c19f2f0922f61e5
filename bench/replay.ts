/**
 * How fast an archive on MinIO goes back into a fresh topic, in transactions of 100,000 records, side by side: the command
 * line; a replay asked of a running service; pyarrow with confluent-kafka (librdkafka); hyparquet with kafkajs. Each target
 * is read by librdkafka, read-committed, and has to hold every record once, in order. Progress goes to stderr, a Markdown
 * table for each codec to stdout.
 *
 * Run: `npm run bench:replay [-- --records 2000000 --runs 3 --codec none,zstd
 * --only coldstream,service,confluent-kafka,kafkajs]`
 */
import { parseArgs } from 'node:util'
import { captureToEnd } from './kit/coldstream-capture.ts'
import { judgeAllOrders } from './kit/judge-orders.ts'
import { chosen, positiveInteger } from './kit/options.ts'
import { produceOrders } from './kit/orders.ts'
import type { TargetCodec } from './kit/peer-job.ts'
import { type ReplayTask, replayPrograms, serviceName } from './kit/replay-programs.ts'
import { createTarget, removeTarget } from './kit/replay-target.ts'
import { machineLine, ownName, type Run, runLine, table } from './kit/report.ts'
import { onStage } from './kit/stage.ts'

const topic = 'orders'
const bucket = 'archive'
const partitions = 8
const hours = 2
const flushSize = 100_000
const codecs: Readonly<Record<TargetCodec, string>> = {
  none: 'The batches of the target are not compressed.',
  zstd: 'The batches of the target are compressed by zstd, level 1.',
}
const { values: args } = parseArgs({
  options: {
    records: { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '3' },
    codec: { type: 'string', default: Object.keys(codecs).join(',') },
    only: { type: 'string', default: Object.keys(replayPrograms).join(',') },
  },
})
const records = positiveInteger('records', args.records)
const rounds = positiveInteger('runs', args.runs)
const programs = chosen('only', args.only, replayPrograms)
const targetCodecs = chosen('codec', args.codec, codecs) as [TargetCodec, string][]
const failures: string[] = []
const runs = new Map<TargetCodec, Run[]>(targetCodecs.map(([codec]) => [codec, []]))

await onStage(async (stage) => {
  console.error(`producing ${records} records, and archiving them …`)
  const plan = { topic, records, partitions, hours, codec: 'lz4' } as const
  const { recordBytes } = await produceOrders(stage.kafka.brokers, plan)
  const place = await stage.bucket(bucket)
  await captureToEnd(stage, place, topic, flushSize)
  for (let round = 1; round <= rounds; round += 1) {
    for (const [codec] of targetCodecs) {
      for (const [name] of programs) {
        const target = `${name}-${codec}-${round}`
        const task = { stage, place, bucket, topic, partitions, flushSize, target, codec }
        try {
          runs.get(codec)!.push(await judgedRun(name, task, recordBytes))
        } catch (error) {
          // the other programs' figures are still worth having
          failed(target, error)
        }
      }
    }
  }
})

const taken = rounds === 1 ? 'one run each' : `median of ${rounds} runs each`
for (const [codec, description] of targetCodecs) {
  console.log(`\n## ${codec}\n\n${description}\n\n${records} records, MinIO, ${taken}; ${machineLine()}`)
  console.log(`\n${table(runs.get(codec)!, [ownName, serviceName])}`)
}
if (failures.length > 0) {
  console.log(`\nFailed, and not in the tables:\n\n${failures.map((failure) => `- ${failure}`).join('\n')}`)
  process.exitCode = 1
}

/** Every record was found in the target of this run, once and in order. */
async function judgedRun(name: string, task: ReplayTask, recordBytes: number): Promise<Run> {
  const { brokers } = task.stage.kafka
  await createTarget(brokers, task.target, partitions)
  const replayed = await replayPrograms[name]!(task)
  await judgeAllOrders(brokers, task.target, { records, partitions })
  await removeTarget(brokers, task.target)
  const run = { ...replayed, records, recordBytes, storedBytes: null }
  console.error(`${task.codec}, ${runLine(run)}`)
  return run
}

/** Tells all of it at once, and at the end what failed. */
function failed(what: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  console.error(`${what}: ${message}`)
  failures.push(`${what}: ${message.split('\n', 1)[0]}`)
}
