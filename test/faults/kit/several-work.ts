import type { KafkaMessage } from 'kafkajs'
import { Sequences } from './judge-replay.ts'
import { mergedByTime } from './merged-by-time.ts'
import { readTopic } from './read-topic.ts'
import { ReplayStage } from './replay-stage.ts'
import type { OpenWork } from './replay-work.ts'
import { sumOf } from './scenario.ts'

/** What follows the stage's target in the name of each topic's own. */
export const targetSuffixes = ['-first', '-second'] as const

/** Two topics in one replay, each into its own target. */
export const eachWork: OpenWork = async (round, options) => {
  const sources = await round.world.replaySources()
  const stage = await ReplayStage.open(round, { source: sources[0]!, ...options })
  const topics = sources.map(({ topic }) => topic)
  const targets = targetSuffixes.map((suffix) => `${stage.target}${suffix}`)
  const to = topics.map((topic, index) => `${topic}=${targets[index]}`).join()
  return {
    stage,
    start: () => stage.replayOf(topics, to),
    judge: async () =>
      sumOf(await Promise.all(sources.map(({ sequences }, index) => stage.judge(sequences, targets[index])))),
  }
}

/** Two topics in one replay, merged by time into one partition. */
export const mergedWork: OpenWork = async (round, options) => {
  const sources = await round.world.replaySources()
  const stage = await ReplayStage.open(round, { source: sources[0]!, ...options })
  const topics = sources.map(({ topic }) => topic)
  return {
    stage,
    start: () => stage.replayOf(topics, stage.target, ['--order', 'time', '--target-partitions', '1']),
    async judge() {
      const lines: KafkaMessage[][] = []
      for (const topic of topics) lines.push(...(await recordsOf(stage.brokers, topic)))
      const expected = new Sequences()
      for (const record of mergedByTime(lines, ({ timestamp }) => Number(timestamp))) expected.add(0, record)
      return stage.judge(expected.finished())
    },
  }
}

/** The records of each partition in its order, the first partition first. */
async function recordsOf(brokers: readonly string[], topic: string): Promise<KafkaMessage[][]> {
  const partitions = new Map<number, KafkaMessage[]>()
  await readTopic(brokers, topic, (partition, message) => {
    const records = partitions.get(partition)
    if (records === undefined) partitions.set(partition, [message])
    else records.push(message)
  })
  return [...partitions].sort(([one], [other]) => one - other).map(([, records]) => records)
}
