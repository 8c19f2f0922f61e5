import { apiKeys, killReplayAt } from '../../kit/kill-replay-at.ts'
import { mergedByTime } from '../../kit/merged-by-time.ts'
import { type PrintedOrder, readByConsole } from '../../kit/read-by-console.ts'
import { completedBy, ReplayStage } from '../../kit/replay-stage.ts'
import type { Round } from '../../kit/round.ts'
import type { Scenario, Verdict } from '../../kit/scenario.ts'
import { order } from '../../kit/topics.ts'

const targetPartitions = 3
/** Transactions of a share that pass before a kill, at most; order by time has a single share. */
const occurrences = 8

/** Every record once; `lineOf` names those that have to stay in the order of `rank`. */
function judge(
  { source }: ReplayStage,
  emitted: readonly PrintedOrder[],
  lineOf: (record: PrintedOrder) => string,
  rank: (record: PrintedOrder) => number,
): Verdict {
  const wanted = new Set([...source.values()].flatMap(({ ids }) => ids))
  const seen = new Set(emitted.map(({ seq }) => seq))
  let disordered = 0
  const latest = new Map<string, number>()
  for (const record of emitted) {
    const line = lineOf(record)
    if (rank(record) < (latest.get(line) ?? Number.NEGATIVE_INFINITY) || !wanted.has(record.seq)) disordered += 1
    latest.set(line, rank(record))
  }
  return {
    lost: [...wanted].filter((id) => !seen.has(id)).length,
    twice: emitted.length - seen.size,
    unexplained: disordered,
  }
}

/** A replay in another order than the source's partitions, killed at three points of its work. */
async function killed(round: Round, wanted: 'key' | 'time'): Promise<[ReplayStage, PrintedOrder[]]> {
  const stage = await ReplayStage.open(round)
  const start = () => stage.replay(['--order', wanted, '--target-partitions', String(targetPartitions)])
  const earlier = (): number => Math.floor(round.random() * occurrences)
  await killReplayAt(stage, { apiKey: apiKeys.endTxn, when: 'unanswered', earlier: earlier() }, start)
  await killReplayAt(stage, { apiKey: apiKeys.produce, when: 'unanswered', earlier: earlier() }, start)
  await killReplayAt(stage, { apiKey: apiKeys.endTxn, when: 'before', earlier: earlier() }, start)
  await completedBy(start())
  // kafkajs shows what was aborted where transactions of two shares are in one partition
  return [stage, await readByConsole(stage.kafka.server, stage.target)]
}

/** All records of a key are in one partition, those of one source partition among them in its order. */
const byKey: Scenario = {
  name: 'replay: kill: three times, in the order of keys',
  rounds: { full: 5, short: 0 },
  async run(round) {
    const [stage, emitted] = await killed(round, 'key')
    const places = new Map<string, number>()
    for (const { key, partition } of emitted) {
      if ((places.get(key) ?? partition) !== partition) throw new Error(`${key} is in two partitions`)
      places.set(key, partition)
    }
    const sources = stage.source.size
    return judge(
      stage,
      emitted,
      ({ seq, key }) => `${seq % sources}|${key}`,
      ({ seq }) => seq,
    )
  },
}

/** Place of every record where the partitions of the source, each in its order, are merged by time. */
function placesByTime({ source }: ReplayStage): Map<number, number> {
  const lines = [...source].sort(([one], [other]) => one - other).map(([, { ids }]) => ids)
  const merged = mergedByTime(lines, (id) => Number(order(id, source.size).timestamp))
  return new Map(merged.map((id, place) => [id, place]))
}

/** Each partition of the target holds what belongs there in the order of the merge. */
const byTime: Scenario = {
  name: 'replay: kill: three times, in the order of time',
  rounds: { full: 5, short: 0 },
  async run(round) {
    const [stage, emitted] = await killed(round, 'time')
    const places = placesByTime(stage)
    return judge(
      stage,
      emitted,
      ({ partition }) => String(partition),
      ({ seq }) => places.get(seq) ?? -1,
    )
  },
}

/** Replays that merge what the source has apart. */
export const replayOrders: Scenario[] = [byKey, byTime]
