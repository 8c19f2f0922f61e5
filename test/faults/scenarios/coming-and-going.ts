import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { RunningCommand } from '../kit/coldstream.ts'
import { contentOfFiles } from '../kit/judge-archive.ts'
import { type Round, stop } from '../kit/round.ts'
import type { Scenario, Verdict } from '../kit/scenario.ts'
import { createTopic, endsOf } from '../kit/topics.ts'

const partitions = 8
const child = fileURLToPath(new URL('../load-child.ts', import.meta.url))

/** How long nothing comes or goes, at most. */
const calmMs = 5_000
const graceMs = 300_000

/**
 * Instances of one connector are killed, stopped and started at random moments while records pour in; then one is left to
 * archive the rest. When something happens is chance, so this waits for time, and for nothing else.
 */
async function comeAndGo(round: Round, instances: number): Promise<Verdict> {
  const { recordsPerSecond, seconds } = round.world.load
  const kafka = await round.world.crowd()
  const topic = await createTopic(kafka.brokers, 'crowd', { partitions })
  const archive = await round.fileArchive(kafka.brokers)
  const connector = await round.connector(topic, { 'flush.size': '20000', 'rotate.schedule.interval.ms': '2000' })
  const start = (): RunningCommand => round.start(['capture', connector], archive.settings)
  const numbers = [partitions, recordsPerSecond, seconds].map(String)
  const producer = spawn(process.execPath, [child, kafka.brokers.join(), topic, ...numbers], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  round.closeLater(() => producer.kill('SIGKILL'))
  const poured = once(producer, 'exit')
  const written = text(producer.stdout)
  const isPouring = (): boolean => producer.exitCode === null && producer.signalCode === null
  const running = Array.from({ length: instances }, start)
  while (isPouring()) {
    await Promise.race([sleep(round.random() * calmMs), poured])
    const place = Math.floor(round.random() * instances)
    const leaving = running[place]!
    if (round.random() < 0.5) leaving.process.kill('SIGKILL')
    // One that was still starting does not know of signals yet, and ends by it.
    const { code, signal, stderr } = await stop(leaving)
    if (signal === null && code !== 0) throw new Error(`a capture ended with ${code}: ${stderr}`)
    running[place] = start()
  }
  for (const instance of running) await stop(instance)
  await round.captureToEnd(archive, topic)
  return judgeCounts(round, archive, topic, Number(await written), await endsOf(kafka.brokers, topic))
}

/** Too many records to compare each: every offset of the topic is a record, so counts say all but the content. */
async function judgeCounts(
  round: Round,
  archive: Awaited<ReturnType<Round['fileArchive']>>,
  topic: string,
  written: number,
  ends: ReadonlyMap<number, bigint>,
): Promise<Verdict> {
  const total = [...ends.values()].reduce((sum, end) => sum + Number(end), 0)
  if (total !== written) throw new Error(`the topic ends at ${total}, but ${written} records were written`)
  const content = await contentOfFiles(await archive.place.localFolder(`topics/${topic}/`))
  const rows = content.partitions.reduce((sum, { records }) => sum + records, 0)
  const distinct = content.partitions.reduce((sum, { distinctOffsets }) => sum + distinctOffsets, 0)
  const { findings } = await round.verify(archive, topic)
  const wrong = content.outOfOrder + content.misfiled
  return { lost: written - distinct, twice: rows - distinct, unexplained: findings.length + wrong }
}

const scenario = (instances: number, short: number): Scenario => ({
  name: `${instances} instances come and go`,
  rounds: { full: 1, short },
  limitMs: ({ seconds }) => 2 * seconds * 1_000 + graceMs,
  run: (round) => comeAndGo(round, instances),
})

/** Several instances of one connector under load. */
export const comingAndGoing: Scenario[] = [scenario(2, 0), scenario(3, 1)]
