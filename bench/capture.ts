/**
 * How fast a topic becomes Parquet in an object store, side by side on the same broker and MinIO: the command line; a
 * consumer of confluent-kafka (librdkafka) with pyarrow; one of kafkajs with parquetjs-lite. Each result is counted.
 *
 * Run: `npm run bench:capture [-- --records 2000000 --runs 3 --codec none|lz4 --only coldstream,confluent-kafka,kafkajs]`
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cleanEnvironment, coldstreamArgs } from '../test/faults/kit/coldstream.ts'
import { writeConnector } from '../test/faults/kit/connector.ts'
import type { Place } from '../test/faults/kit/place.ts'
import { countRows } from './kit/count-rows.ts'
import { type Measured, measure } from './kit/measure.ts'
import { produceOrders } from './kit/orders.ts'
import type { PeerJob, PeerResult } from './kit/peer-job.ts'
import { pythonPeer } from './kit/python-peer.ts'
import { machineLine, type Run, runLine, table } from './kit/report.ts'
import { type BenchStage, onStage } from './kit/stage.ts'

const topic = 'orders'
const partitions = 8
const flushSize = 100_000
const { values: args } = parseArgs({
  options: {
    records: { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '3' },
    codec: { type: 'string', default: 'none' },
    only: { type: 'string', default: 'coldstream,confluent-kafka,kafkajs' },
  },
})
const records = Number(args.records)

type Program = (stage: BenchStage, place: Place, bucket: string) => Promise<Measured>

const programs: Readonly<Record<string, { name: string; run: Program }>> = {
  coldstream: { name: 'Coldstream', run: coldstream },
  'confluent-kafka': { name: 'confluent-kafka + pyarrow (zstd)', run: confluentKafka },
  kafkajs: { name: 'kafkajs + parquetjs-lite (snappy)', run: kafkajs },
}

console.log(machineLine())
const runs: Run[] = []
await onStage(async (stage) => {
  if (args.codec !== 'none' && args.codec !== 'lz4') throw new Error('--codec is none or lz4')
  await produceOrders(stage.kafka.brokers, { topic, records, partitions, hours: 2, codec: args.codec })
  for (let round = 1; round <= Number(args.runs); round += 1) {
    for (const name of args.only.split(',')) runs.push(await runOnce(stage, name, round))
  }
})
console.log(
  `\n${records} records, codec ${args.codec}, median of ${args.runs} runs each; ${machineLine()}\n\n${table(runs)}`,
)

async function runOnce(stage: BenchStage, name: string, round: number): Promise<Run> {
  const program = programs[name]
  if (program === undefined) throw new Error(`--only: ${name} is none of ${Object.keys(programs).join(', ')}`)
  const bucket = `${name}-${round}`
  const place = await stage.bucket(bucket)
  const measured = await program.run(stage, place, bucket)
  const { seconds } = JSON.parse(measured.stdout) as PeerResult
  const { files, rows, distinct } = await countRows(await place.localFolder('topics/'))
  if (rows !== records || distinct !== records)
    throw new Error(`${name} stored ${rows} rows with ${distinct} distinct offsets of ${records} records`)
  const storedBytes = await place.bytes('topics/')
  const run = { program: program.name, records, measured, workSeconds: seconds, storedBytes }
  console.log(`${runLine(run)}, ${files} files`)
  return run
}

async function coldstream(stage: BenchStage, place: Place): Promise<Measured> {
  const connector = await writeConnector(stage.folder, topic, flushSize)
  const env = cleanEnvironment({ ...place.settings, COLDSTREAM_KAFKA_BROKERS: stage.kafka.brokers.join(',') })
  const command = coldstreamArgs(['--json', 'capture', connector, '--until-end'])
  return measure(process.execPath, command, { cwd: stage.folder, env })
}

async function confluentKafka(stage: BenchStage, _: Place, bucket: string): Promise<Measured> {
  const { python, path } = await pythonPeer('capture.py')
  return measure(python, [path, JSON.stringify(job(stage, bucket))], { cwd: stage.folder, env: process.env })
}

function kafkajs(stage: BenchStage, _: Place, bucket: string): Promise<Measured> {
  const peer = fileURLToPath(new URL('peers/capture.ts', import.meta.url))
  return measure(process.execPath, [peer, JSON.stringify(job(stage, bucket))], { cwd: stage.folder, env: process.env })
}

function job({ kafka, s3 }: BenchStage, bucket: string): PeerJob {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3
  const access = { endpoint, region, accessKeyId, secretAccessKey, bucket }
  return {
    brokers: kafka.brokers.join(','),
    topic,
    partitions,
    target: '',
    ...access,
    flushSize,
    transactionRecords: 0,
  }
}
