/**
 * Shows that capture archives every record exactly once although it is killed (SIGKILL) again and again. The command line
 * captures a real topic; DuckDB judges the Parquet files, without the commit log, against what kafkajs reads.
 *
 * Run: `node test/faults/kill-capture.ts [--records 1000000] [--kills 20] [--flush 2500] [--store file|s3] [--seed N]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { produceOrders } from '../../bench/kit/orders.ts'
import { startKafka } from '../kit/kafka.ts'
import { runColdstream, startColdstream, succeeded } from './kit/coldstream.ts'
import { writeConnector } from './kit/connector.ts'
import { contentOfFiles, contentOfTopic, type PartitionContent } from './kit/judge-archive.ts'
import { type Kill, runUnderKills } from './kit/kills.ts'
import { filePlace, minioPlace, type Place } from './kit/place.ts'
import { seeded } from './kit/random.ts'

const topic = 'orders'
const partitions = 8
const hours = 6
const { values: args } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '20' },
    flush: { type: 'string', default: '2500' },
    store: { type: 'string', default: 'file' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const records = Number(args.records)
const kills = Number(args.kills)
const flushSize = Number(args.flush)

console.log(
  `capture: ${records} records, ${kills} kills, flush.size ${flushSize}, ${args.store} store, seed ${args.seed}`,
)
const folder = await mkdtemp(join(tmpdir(), 'coldstream-kills-'))
const place = args.store === 's3' ? await minioPlace() : await filePlace()
const kafka = await startKafka()
try {
  await produceOrders(kafka.brokers, { topic, records, partitions, hours })
  const expected = await contentOfTopic(kafka.brokers, topic)
  const settings = { ...place.settings, COLDSTREAM_KAFKA_BROKERS: kafka.brokers.join(',') }
  const connector = await writeConnector(folder, topic, flushSize)
  const insideCommit: number[] = []
  const capture = ['--json', 'capture', connector, '--until-end']
  const last = await runUnderKills({
    kills,
    random: seeded(Number(args.seed)),
    start: () => startColdstream(capture, folder, settings),
    progress: async () => (await logEntries(place)).length,
    total: 2 * Math.ceil(records / flushSize),
    afterKill: async (kill) => {
      const intents = await openIntents(place)
      if (intents > 0) insideCommit.push(kill.number)
      tell(kill, intents)
    },
  })
  const { records: archivedByLast } = JSON.parse(succeeded('capture', last)) as { records: number }
  console.log(`the last run was left alone and archived the remaining ${archivedByLast} records`)
  const verified = await runColdstream(['verify', topic], folder, settings)
  console.log(`verify: ${verified.trim()}`)
  process.exitCode = (await judge(expected, insideCommit.length)) ? 0 : 1
} finally {
  await kafka.stop()
  await place.close()
  await rm(folder, { recursive: true, force: true })
}

/** Keys of the commit logs' entries, each partition's in order. */
async function logEntries(archive: Place): Promise<string[]> {
  const keys = await archive.keys(`log/${topic}/`)
  return keys.filter((key) => /\/\d{20}\.json$/.test(key)).sort()
}

/** How many partitions were left with boundaries that are fixed and segments that are not committed. */
async function openIntents(archive: Place): Promise<number> {
  const newest = new Map((await logEntries(archive)).map((key) => [key.slice(0, key.lastIndexOf('/')), key]))
  const kinds = await Promise.all(
    [...newest.values()].map(async (key) => (JSON.parse(await archive.read(key)) as { kind: string }).kind),
  )
  return kinds.filter((kind) => kind === 'intend').length
}

function tell({ number, phase, afterMs, share }: Kill, intents: number): void {
  const done = `${Math.round(100 * share)} %`.padStart(5)
  const left = intents === 0 ? 'between commits' : `inside the commits of ${intents} partitions`
  console.log(`kill ${String(number).padStart(2)}: ${phase}, after ${afterMs} ms, ${done} of the log written, ${left}`)
}

async function judge(expected: PartitionContent[], insideCommit: number): Promise<boolean> {
  const archive = await contentOfFiles(await place.localFolder('topics/'))
  const rows = expected.map((topicPart) => {
    const found = archive.partitions.find(({ partition }) => partition === topicPart.partition)
    return {
      partition: topicPart.partition,
      records: topicPart.records,
      rows: found?.records ?? 0,
      lost: topicPart.records - (found?.distinctOffsets ?? 0),
      twice: (found?.records ?? 0) - (found?.distinctOffsets ?? 0),
      range: `${found?.firstOffset}..${found?.lastOffset}`,
      'range as in topic': found?.firstOffset === topicPart.firstOffset && found.lastOffset === topicPart.lastOffset,
      'content as in topic': found?.digest === topicPart.digest,
    }
  })
  console.table(rows)
  const sum = (field: 'records' | 'lost' | 'twice'): number => rows.reduce((total, row) => total + row[field], 0)
  const result = {
    kills,
    'inside a commit': insideCommit,
    files: archive.files,
    records: sum('records'),
    lost: sum('lost'),
    twice: sum('twice'),
    'out of order': archive.outOfOrder,
    misfiled: archive.misfiled,
    'partitions that differ': rows.filter((row) => !row['content as in topic'] || !row['range as in topic']).length,
  }
  console.table([result])
  const holds =
    archive.partitions.length === expected.length &&
    result.records === records &&
    rows.every((row) => row.lost === 0 && row.twice === 0) &&
    result['out of order'] + result.misfiled + result['partitions that differ'] === 0
  console.log(holds ? 'every record is archived exactly once' : 'VIOLATION: the archive is not the topic')
  return holds
}
