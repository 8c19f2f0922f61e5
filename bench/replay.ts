/**
 * How fast an archive on MinIO goes back into a fresh topic, in transactions of 100,000 records, zstd, side by side: the
 * command line; pyarrow with confluent-kafka (librdkafka); hyparquet with kafkajs. Each target is counted by a
 * read-committed kafkajs consumer.
 *
 * Run: `npm run bench:replay [-- --records 2000000 --runs 3 --only coldstream,confluent-kafka,kafkajs]`
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { independentClient } from '../test/adapters/kafka/judge.ts'
import { cleanEnvironment, runColdstream } from '../test/faults/kit/coldstream.ts'
import { writeConnector } from '../test/faults/kit/connector.ts'
import type { Place } from '../test/faults/kit/place.ts'
import { readTopic } from '../test/faults/kit/read-topic.ts'
import { builtColdstreamArgs, coldstreamSettings } from './kit/coldstream-capture.ts'
import { type Measured, measure } from './kit/measure.ts'
import { produceOrders } from './kit/orders.ts'
import { type PeerResult, peerJob, type ReplayJob } from './kit/peer-job.ts'
import { pythonPeer } from './kit/python-peer.ts'
import { machineLine, ownName, type Run, runLine, table } from './kit/report.ts'
import { type BenchStage, onStage } from './kit/stage.ts'

const topic = 'orders'
const partitions = 8
const bucket = 'archive'
const flushSize = 100_000
const transactionRecords = 100_000
const { values: args } = parseArgs({
  options: {
    records: { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: 'coldstream,confluent-kafka,kafkajs' },
  },
})
const records = Number(args.records)

/** Replays the archive into the target; answers also the time for the work, without the start. */
type Program = (stage: BenchStage, archive: Place, target: string) => Promise<{ measured: Measured; seconds: number }>

const programs: Readonly<Record<string, { name: string; run: Program }>> = {
  coldstream: { name: ownName, run: coldstream },
  'confluent-kafka': { name: 'pyarrow + confluent-kafka', run: confluentKafka },
  kafkajs: { name: 'hyparquet + kafkajs', run: kafkajs },
}

console.log(machineLine())
const runs: Run[] = []
await onStage(async (stage) => {
  await produceOrders(stage.kafka.brokers, { topic, records, partitions, hours: 2 })
  const archive = await stage.bucket(bucket)
  const connector = await writeConnector(stage.folder, topic, flushSize)
  await runColdstream(['capture', connector, '--until-end'], stage.folder, coldstreamSettings(stage, archive))
  for (let round = 1; round <= Number(args.runs); round += 1) {
    for (const name of args.only.split(',')) runs.push(await runOnce(stage, archive, name, round))
  }
})
console.log(`\n${records} records, median of ${args.runs} runs each; ${machineLine()}\n\n${table(runs)}`)

async function runOnce(stage: BenchStage, archive: Place, name: string, round: number): Promise<Run> {
  const program = programs[name]
  if (program === undefined) throw new Error(`--only: ${name} is none of ${Object.keys(programs).join(', ')}`)
  const target = `${name}-${round}`
  await createTarget(stage, target)
  const { measured, seconds } = await program.run(stage, archive, target)
  let emitted = 0
  await readTopic(stage.kafka.brokers, target, () => {
    emitted += 1
  })
  if (emitted !== records) throw new Error(`${name} emitted ${emitted} of ${records} records`)
  const run = { program: program.name, records, ...measured, workSeconds: seconds, storedBytes: null }
  console.log(runLine(run))
  return run
}

/** The same empty topic for all, fit for old timestamps. */
async function createTarget({ kafka }: BenchStage, target: string): Promise<void> {
  const admin = independentClient(kafka.brokers).admin()
  await admin.connect()
  const configEntries = [
    { name: 'retention.ms', value: '-1' },
    { name: 'retention.bytes', value: '-1' },
    { name: 'message.timestamp.before.max.ms', value: '9223372036854775807' },
  ]
  await admin.createTopics({ topics: [{ topic: target, numPartitions: partitions, configEntries }] })
  await admin.disconnect()
}

async function coldstream(stage: BenchStage, archive: Place, target: string) {
  const command = builtColdstreamArgs(['--json', 'replay', topic, '--to', target, '--id', target])
  const env = cleanEnvironment(coldstreamSettings(stage, archive))
  const measured = await measure(process.execPath, command, { cwd: stage.folder, env })
  const { createdAt, updatedAt } = JSON.parse(measured.stdout) as { createdAt: string; updatedAt: string }
  return { measured, seconds: (Date.parse(updatedAt) - Date.parse(createdAt)) / 1000 }
}

async function confluentKafka(stage: BenchStage, _: Place, target: string) {
  const { python, path } = await pythonPeer('replay.py')
  return peer(stage, python, path, target)
}

function kafkajs(stage: BenchStage, _: Place, target: string) {
  return peer(stage, process.execPath, fileURLToPath(new URL('peers/replay.ts', import.meta.url)), target)
}

async function peer(stage: BenchStage, program: string, script: string, target: string) {
  const job: ReplayJob = {
    ...peerJob(stage, { topic, partitions, bucket, flushSize }),
    target,
    transactionRecords,
  }
  const measured = await measure(program, [script, JSON.stringify(job)], { cwd: stage.folder, env: process.env })
  return { measured, seconds: (JSON.parse(measured.stdout) as PeerResult).seconds }
}
