import { type Expected, expectedOf } from '../kit/expected.ts'
import type { Round } from '../kit/round.ts'
import type { Scenario, Verdict } from '../kit/scenario.ts'
import { createTopic, order, write } from '../kit/topics.ts'

const records = 4_000
const batchRecords = 100
/** Far into the topic, within a batch and within a fetch, with much before it that no rule has closed. */
const poisonAt = 2_345
const config = { 'timestamp.extractor': 'RecordField', 'timestamp.field': 'at', 'flush.size': '100000' }

async function poisoned(round: Round): Promise<{ topic: string; expected: Expected }> {
  const { brokers } = await round.world.kafka()
  const topic = await createTopic(brokers, 'poison')
  const all = Array.from({ length: records }, (_, i) => {
    const record = order(i, 1)
    return { ...record, value: i === poisonAt ? 'no JSON' : JSON.stringify({ at: Number(record.timestamp), i }) }
  })
  const batches = Array.from({ length: records / batchRecords }, (_, b) =>
    all.slice(b * batchRecords, (b + 1) * batchRecords),
  )
  await write(brokers, topic, batches)
  return { topic, expected: await expectedOf(brokers, topic) }
}

/** A record that cannot be filed: capture stops there, whenever it is started; what came before is archived once. */
async function run(round: Round): Promise<Verdict> {
  const { topic, expected } = await poisoned(round)
  const archive = await round.archive((await round.world.kafka()).brokers)
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const args = ['capture', await round.connector(topic, config), '--until-end']
    const { code, stderr } = await round.start(args, archive.settings).ended
    if (code !== 1) throw new Error(`capture should stop with 1, not with ${code}: ${stderr}`)
    if (!stderr.includes(String(poisonAt))) throw new Error(`it does not name offset ${poisonAt}: ${stderr}`)
  }
  const before = new Map([...expected.records].filter(([key]) => Number(key.split('|')[2]) < poisonAt))
  const ranges = new Map([['1|0', { first: 0n, end: BigInt(poisonAt) }]])
  return round.judge(archive, topic, { records: before, optional: new Set(), ranges })
}

/** One record that the connector cannot file. */
export const poisonRecord: Scenario = {
  name: 'a record that cannot be filed',
  rounds: { full: 2, short: 1 },
  run,
}
