/**
 * How fast a topic becomes Parquet in an object store, side by side on the same broker and MinIO: the command line, and a
 * service that has been at work; a consumer of confluent-kafka (librdkafka) with pyarrow; Spark's batch reader; kafkajs with parquetjs-lite. Each result
 * is counted by DuckDB. Progress goes to stderr, a Markdown table for each data set to stdout.
 *
 * Run: `npm run bench:capture [-- --data orders-none,orders-lz4,kb,tiny,partitions-200,hours-72 --records 2000000 --runs 3
 * --only coldstream,coldstream-warm,confluent-kafka,spark,kafkajs]`
 */
import { parseArgs } from 'node:util'
import { type Captured, type CaptureTask, capturePrograms } from './kit/capture-programs.ts'
import { countRows } from './kit/count-rows.ts'
import { type DataSet, dataSets } from './kit/data-sets.ts'
import { chosen, positiveInteger } from './kit/options.ts'
import { produce } from './kit/produce.ts'
import { machineLine, ownName, ownWarmName, type Run, runLine, table } from './kit/report.ts'
import { type BenchStage, onStage } from './kit/stage.ts'

const topic = 'orders'
const flushSize = 100_000
const { values: args } = parseArgs({
  options: {
    data: { type: 'string', default: Object.keys(dataSets).join(',') },
    records: { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: Object.keys(capturePrograms).join(',') },
  },
})
const records = positiveInteger('records', args.records)
const rounds = positiveInteger('runs', args.runs)
const programs = chosen('only', args.only, capturePrograms)
const failures: string[] = []

for (const [name, dataSet] of chosen('data', args.data, dataSets)) {
  const runs: Run[] = []
  // servers of their own, so that no data set fills the disk or the caches of the next
  await onStage((stage) => benchmark(stage, name, dataSet, runs)).catch((error: unknown) => failed(name, error))
  console.log(`\n## ${name}\n\n${dataSet.description}`)
  const taken = rounds === 1 ? 'one run each' : `median of ${rounds} runs each`
  console.log(`\n${records} records, MinIO, ${taken}; ${machineLine()}\n\n${table(runs, [ownName, ownWarmName])}`)
}
if (failures.length > 0) {
  console.log(`\nFailed, and not in the tables:\n\n${failures.map((failure) => `- ${failure}`).join('\n')}`)
  process.exitCode = 1
}

async function benchmark(stage: BenchStage, name: string, dataSet: DataSet, runs: Run[]): Promise<void> {
  const { description, ...plan } = dataSet
  console.error(`\n${name}: ${description}; producing ${records} records …`)
  await produce(stage.kafka.brokers, { topic, records, ...plan })
  for (let round = 1; round <= rounds; round += 1) {
    for (const [program, capture] of programs) {
      const bucket = `${program}-${round}`
      const place = await stage.bucket(bucket)
      const task = { stage, place, bucket, topic, partitions: dataSet.partitions, flushSize }
      try {
        for (const captured of await capture(task)) runs.push(await counted(task, captured))
      } catch (error) {
        // the other programs' figures are still worth having
        failed(`${name}, ${program}, run ${round}`, error)
      }
      await place.close()
    }
  }
}

/** A run of which DuckDB has found every record, once. */
async function counted({ place }: CaptureTask, { prefix, ...captured }: Captured): Promise<Run> {
  const { files, rows, distinct } = await countRows(await place.localFolder(prefix))
  if (rows !== records || distinct !== records)
    throw new Error(`${captured.program} stored ${rows} rows with ${distinct} distinct offsets of ${records} records`)
  const run = { ...captured, records, storedBytes: await place.bytes(prefix) }
  console.error(`${runLine(run)}, ${files} files`)
  return run
}

/** Tells all of it at once, and at the end what failed. */
function failed(what: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  console.error(`${what}: ${message}`)
  failures.push(`${what}: ${message.split('\n', 1)[0]}`)
}
