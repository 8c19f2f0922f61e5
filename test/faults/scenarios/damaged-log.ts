import { appendBomb, type Damage, flipBit, logFileOf } from '../kit/damage.ts'
import { type Expected, expectedOf } from '../kit/expected.ts'
import { peakMemory } from '../kit/peak-memory.ts'
import type { Round } from '../kit/round.ts'
import type { Scenario, Verdict } from '../kit/scenario.ts'
import { createTopic, writeOrders } from '../kit/topics.ts'

const partitions = 2
const portion = 800
/** Far above what a capture holds, and below what would hold a bomb twice. */
const memoryLimit = 900 * 1024 * 1024

/** A topic whose partition 0 is damaged on the broker's disk; what was written before and after it is whole. */
interface DamagedTopic {
  topic: string
  expected: Expected
  first: number
  last: number
}

const damages: Readonly<Record<string, Damage>> = {
  'a flipped bit': flipBit(150),
  'a zstd bomb': appendBomb('zstd'),
  'a gzip bomb': appendBomb('gzip'),
}

async function damagedTopic(round: Round, damage: Damage): Promise<DamagedTopic> {
  const kafka = await round.world.victim()
  const topic = await createTopic(kafka.brokers, 'damaged', { partitions })
  await writeOrders(kafka.brokers, topic, { to: portion, partitions })
  const before = await expectedOf(kafka.brokers, topic)
  await kafka.shutdown()
  const { first, last } = await damage(logFileOf(kafka, topic, 0))
  await kafka.restart()
  const records = new Map([...before.records].filter(([key]) => !isWithin(key, first, last)))
  const ranges = new Map([...before.ranges].map(([key, range]) => [key, endAfter(key, range, last)]))
  return { topic, expected: { ...before, records, ranges }, first, last }
}

const isWithin = (key: string, first: number, last: number): boolean => {
  const [, partition, offset] = key.split('|').map(Number)
  return partition === 0 && offset! >= first && offset! <= last
}

function endAfter(key: string, range: { first: bigint; end: bigint }, last: number): { first: bigint; end: bigint } {
  const end = BigInt(last + 1)
  return key === '1|0' && end > range.end ? { ...range, end } : range
}

/** The capture stops at the damage, says where it is, and stops there again; what came before it is archived. */
async function stops(round: Round, damage: Damage): Promise<Verdict> {
  const { topic, expected, first, last } = await damagedTopic(round, damage)
  const archive = await round.archive((await round.world.victim()).brokers)
  const connector = await round.connector(topic)
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const capture = round.start(['capture', connector, '--until-end'], archive.settings)
    const peak = await peakMemory(capture)
    const { code, stderr } = await capture.ended
    if (code !== 1) throw new Error(`capture should stop with 1, not with ${code}: ${stderr}`)
    if (!stderr.includes(topic) || !new RegExp(`\\b${first}\\b`).test(stderr))
      throw new Error(`it does not name ${topic} and offset ${first}: ${stderr}`)
    if (peak > memoryLimit) throw new Error(`capture held ${Math.round(peak / 1024 / 1024)} MiB`)
  }
  return round.judge(archive, topic, upTo(expected, first, last))
}

/** Only partition 0 below the damage has to be there; the other partition may have come further or not. */
function upTo({ records }: Expected, first: number, last: number): Expected {
  const isRequired = (key: string): boolean => {
    const [, partition, offset] = key.split('|').map(Number)
    return partition === 0 && offset! < first
  }
  const allowed = new Map([...records].filter(([key]) => key.startsWith('1|1|') || !isWithin(key, first, last)))
  const optional = new Set([...allowed.keys()].filter((key) => !isRequired(key)))
  return { records: allowed, optional, ranges: new Map([['1|0', { first: 0n, end: BigInt(first) }]]) }
}

/** With errors.tolerance=all the damage is a gap with its reason, and all else is archived. */
async function passes(round: Round, damage: Damage): Promise<Verdict> {
  const { topic, expected, first, last } = await damagedTopic(round, damage)
  const archive = await round.archive((await round.world.victim()).brokers)
  const connector = await round.connector(topic, { 'errors.tolerance': 'all' })
  const capture = round.start(['capture', connector, '--until-end'], archive.settings)
  const peak = await peakMemory(capture)
  const { code, stderr } = await capture.ended
  if (code !== 0) throw new Error(`capture ended with ${code}: ${stderr}`)
  if (peak > memoryLimit) throw new Error(`capture held ${Math.round(peak / 1024 / 1024)} MiB`)
  return round.judge(archive, topic, expected, ({ gaps }) => {
    const corrupt = gaps.filter(({ partition, reason }) => partition === 0 && reason === 'corrupt')
    const offsets = corrupt.reduce((sum, gap) => sum + Number(gap.offsets), 0)
    if (offsets !== last - first + 1) throw new Error(`the gap is not as the damage: ${JSON.stringify(gaps)}`)
  })
}

/** A batch that cannot be read, with errors.tolerance=none. */
export const damageStops: Scenario[] = Object.entries(damages).map(([name, damage]) => ({
  name: `damaged log: ${name}, tolerance none`,
  rounds: { full: 2, short: name === 'a zstd bomb' ? 1 : 0 },
  run: (round) => stops(round, damage),
}))

/** A batch that cannot be read, with errors.tolerance=all. */
export const damageIsPassed: Scenario[] = Object.entries(damages).map(([name, damage]) => ({
  name: `damaged log: ${name}, tolerance all`,
  rounds: { full: 2, short: name === 'a flipped bit' ? 1 : 0 },
  run: (round) => passes(round, damage),
}))
