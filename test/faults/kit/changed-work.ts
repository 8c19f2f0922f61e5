import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IHeaders, KafkaMessage } from 'kafkajs'
import { differences, type JudgedMessage, Sequences } from './judge-replay.ts'
import { readTopic } from './read-topic.ts'
import { ReplayStage } from './replay-stage.ts'
import type { OpenWork } from './replay-work.ts'
import { sumOf } from './scenario.ts'

/** Of ten records it drops one, makes two of one, fails on one, and changes seven. */
const upcaster = `export default {
  version: 7,
  accepts: 'json',
  upcast(event) {
    const { seq, ...rest } = event.value
    if (seq % 10 === 3) return null
    if (seq % 10 === 7) throw new RangeError('no such order: ' + seq)
    const made = { seq: 2 * seq, ...rest, version: 2 }
    if (seq % 10 !== 5) return { ...event, value: made }
    return [{ ...event, value: made }, { value: { ...made, seq: 2 * seq + 1 } }]
  },
}
`

/** What the upcaster makes of a record, by a second hand. */
function becomes(message: KafkaMessage): JudgedMessage[] {
  const text = String(message.value)
  const seq = seqOf(message)
  const digit = seq % 10
  if (digit === 3 || digit === 7) return []
  const made = (id: number): JudgedMessage => ({
    ...message,
    value: Buffer.from(`${text.replace(`"seq":${seq},`, `"seq":${id},`).slice(0, -1)},"version":2}`),
  })
  return digit === 5 ? [made(2 * seq), made(2 * seq + 1)] : [made(2 * seq)]
}

function seqOf({ value }: Pick<KafkaMessage, 'value'>): number {
  return Number(/"seq":(\d+),/.exec(String(value))?.[1])
}

/** The headers of a record that failed in the dead-letter topic: its own, then those that say where it is from and why. */
function letterHeaders(stage: ReplayStage, partition: number, message: KafkaMessage): IHeaders {
  const place = { topic: stage.topic, partition: String(partition), offset: message.offset }
  return {
    ...message.headers,
    '__connect.errors.topic': place.topic,
    '__connect.errors.partition': place.partition,
    '__connect.errors.offset': place.offset,
    '__connect.errors.stage': 'TRANSFORMATION',
    '__connect.errors.class.name': 'faulty 7',
    '__connect.errors.exception.class.name': 'upcaster-failed',
    '__connect.errors.exception.message': `RangeError: no such order: ${seqOf(message)} (faulty.js:7)`,
    'coldstream.replay.id': stage.id,
    'coldstream.source.topic': place.topic,
    'coldstream.source.partition': place.partition,
    'coldstream.source.offset': place.offset,
    'coldstream.source.timestamp': message.timestamp,
  }
}

/**
 * A replay whose upcaster changes, drops, splits and fails records. Its dead letters are judged as the target is: those of
 * each partition of the source, in its order, with all that they are but their time.
 */
export const changedWork: OpenWork = async (round, options) => {
  const stage = await ReplayStage.open(round, options)
  const folder = join(round.folder, 'upcasters')
  await mkdir(folder)
  await writeFile(join(folder, 'faulty.js'), upcaster)
  const deadLetters = `${stage.target}-failed`
  const args = ['--upcaster', 'faulty', '--dead-letters', deadLetters]
  const judgeLetters = async (expected: Sequences) => {
    const letters = new Sequences()
    await readTopic(stage.brokers, deadLetters, (_, message) => {
      letters.add(Number(message.headers?.['coldstream.source.partition']), { ...message, timestamp: '' })
    })
    return differences(expected.finished(), letters.finished())
  }
  return {
    stage,
    start: () => stage.replay(args, { COLDSTREAM_REPLAY_UPCASTERS_FOLDER: folder }),
    async judge() {
      const changed = new Sequences()
      const failed = new Sequences()
      await readTopic(stage.brokers, stage.topic, (partition, message) => {
        for (const record of becomes(message)) changed.add(partition, record)
        if (seqOf(message) % 10 !== 7) return
        failed.add(partition, { ...message, headers: letterHeaders(stage, partition, message), timestamp: '' })
      })
      return sumOf([await stage.judge(changed.finished()), await judgeLetters(failed)])
    },
  }
}
