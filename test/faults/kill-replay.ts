/**
 * Shows that a replay emits every record exactly once and in order although it is killed (SIGKILL) again and again. The
 * command line replays a real archive and is called again with the same id; a read-committed kafkajs consumer judges.
 *
 * Run: `node test/faults/kill-replay.ts [--records 1000000] [--kills 10] [--store file|s3] [--seed N]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import kafkajs from 'kafkajs'
import { produceOrders } from '../../bench/kit/orders.ts'
import { independentClient } from '../adapters/kafka/judge.ts'
import { startKafka } from '../kit/kafka.ts'
import { runColdstream, startColdstream, succeeded } from './kit/coldstream.ts'
import { writeConnector } from './kit/connector.ts'
import { difference, sequencesOf } from './kit/judge-replay.ts'
import { type Kill, runUnderKills } from './kit/kills.ts'
import { filePlace, minioPlace } from './kit/place.ts'
import { seeded } from './kit/random.ts'

const topic = 'orders'
const target = 'orders-again'
const partitions = 8
const { values: args } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '10' },
    store: { type: 'string', default: 'file' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const records = Number(args.records)
const kills = Number(args.kills)

console.log(`replay: ${records} records, ${kills} kills, ${args.store} store, seed ${args.seed}`)
const folder = await mkdtemp(join(tmpdir(), 'coldstream-kills-'))
const place = args.store === 's3' ? await minioPlace() : await filePlace()
const kafka = await startKafka()
const admin = independentClient(kafka.brokers).admin()
let targetExists = false
try {
  await admin.connect()
  await produceOrders(kafka.brokers, { topic, records, partitions, hours: 6 })
  const settings = { ...place.settings, COLDSTREAM_KAFKA_BROKERS: kafka.brokers.join(',') }
  const connector = await writeConnector(folder, topic, 50_000)
  await runColdstream(['capture', connector, '--until-end'], folder, settings)
  const replay = ['--json', 'replay', topic, '--to', target, '--id', 'kill-test']
  const last = await runUnderKills({
    kills,
    random: seeded(Number(args.seed)),
    start: () => startColdstream(replay, folder, settings),
    progress: recordsWritten,
    total: records,
    afterKill: tell,
  })
  const { state } = JSON.parse(succeeded('replay', last)) as { state: string }
  console.log(`the last run was left alone and ended ${state}`)
  process.exitCode = (await judge()) && state === 'completed' ? 0 : 1
} finally {
  await admin.disconnect()
  await kafka.stop()
  await place.close()
  await rm(folder, { recursive: true, force: true })
}

/** Records in the target's log, also those of transactions that a kill left open. */
async function recordsWritten(): Promise<number> {
  if (!targetExists && !(await admin.listTopics()).includes(target)) return 0
  targetExists = true
  try {
    const ends = await admin.fetchTopicOffsets(target)
    return ends.reduce((sum, { high }) => sum + Number(high), 0)
  } catch (error) {
    // just created: its partitions have no leader yet
    if (error instanceof kafkajs.KafkaJSError && error.retriable) return 0
    throw error
  }
}

function tell({ number, phase, afterMs, share }: Kill): Promise<void> {
  const written = `${Math.round(100 * share)} %`.padStart(5)
  console.log(`kill ${String(number).padStart(2)}: ${phase}, after ${afterMs} ms, ${written} written, aborted ones too`)
  return Promise.resolve()
}

async function judge(): Promise<boolean> {
  const source = await sequencesOf(kafka.brokers, topic)
  const emitted = await sequencesOf(kafka.brokers, target)
  const rows = [...source].sort(([a], [b]) => a - b).map(([p, sequence]) => difference(p, sequence, emitted.get(p)))
  console.table(rows)
  const sum = (field: 'emitted' | 'lost' | 'twice' | 'out of order'): number =>
    rows.reduce((total, row) => total + row[field], 0)
  const result = {
    kills,
    records: sum('emitted'),
    lost: sum('lost'),
    twice: sum('twice'),
    'out of order': sum('out of order'),
    'aborted, and markers': (await recordsWritten()) - sum('emitted'),
    'partitions that differ': rows.filter((row) => !row['content as in source']).length,
  }
  console.table([result])
  const holds =
    rows.length === partitions &&
    emitted.size === partitions &&
    result.records === records &&
    result.lost + result.twice + result['out of order'] + result['partitions that differ'] === 0
  console.log(holds ? 'every record is emitted exactly once, in order' : 'VIOLATION: the target is not the source')
  return holds
}
