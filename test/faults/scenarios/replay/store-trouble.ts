import { setTimeout as sleep } from 'node:timers/promises'
import { refusal, type StoreHandler } from '../../../kit/store-proxy.ts'
import { sequencesOf } from '../../kit/judge-replay.ts'
import { completedBy, ReplayStage, refusedBy } from '../../kit/replay-stage.ts'
import { holding, readsSegment, replayStepOf } from '../../kit/replay-watch.ts'
import type { Scenario } from '../../kit/scenario.ts'
import { segmentOf, without } from '../../kit/segment-rows.ts'

/** Segments that are read before the trouble; a replay reads 32. */
const calmReads = 14

const forward: StoreHandler = (_request, pass) => pass()

/** From some read on nothing gets through, reads and writes, until the store is back. */
const away = (seconds: number, full: number, short: number): Scenario => ({
  name: `replay: the store is away for ${seconds} s`,
  rounds: { full, short },
  limitMs: () => 120_000 + 3_000 * seconds,
  async run(round) {
    const stage = await ReplayStage.open(round)
    const trouble = [null, refusal(503, 'SlowDown')][round.number % 2]!
    const left = Promise.withResolvers<void>()
    const goAway = async (): Promise<void> => {
      stage.proxy.handler = () => Promise.resolve(trouble)
      left.resolve()
    }
    stage.proxy.handler = holding(readsSegment, goAway, Math.floor(round.random() * calmReads))
    const command = stage.replay()
    await left.promise
    // the time that passes is the fault
    await sleep(1_000 * seconds)
    stage.proxy.handler = forward
    await completedBy(command)
    return stage.judge()
  },
})

/** The answers to a third of all writes are lost, the first of each kind among them. */
const answersLost: Scenario = {
  name: 'replay: answers of the store are lost',
  rounds: { full: 5, short: 0 },
  async run(round) {
    const stage = await ReplayStage.open(round)
    const seen = new Map<string, number>()
    let lost = 0
    stage.proxy.handler = async (request, pass) => {
      const step = replayStepOf(request)
      const answer = await pass()
      if (step === null) return answer
      const before = seen.get(step) ?? 0
      seen.set(step, before + 1)
      if (before % 3 !== 0 || answer.status !== 200) return answer
      lost += 1
      return null
    }
    await completedBy(stage.replay())
    if (lost < 5) throw new Error(`only ${lost} answers were lost`)
    return stage.judge()
  },
}

/** A bit of a segment is another: it stops there by name, and passes over it where that is accepted. */
const damaged = (name: string, where: number, short = 0): Scenario => ({
  name: `replay: a flipped bit ${name}`,
  rounds: { full: 3, short },
  async run(round) {
    const stage = await ReplayStage.open(round)
    const { objects } = await round.world.replaySource()
    const segment = await segmentOf(round, objects)
    const bytes = Buffer.from(objects.get(segment.path)!)
    const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length))
    bytes[at]! ^= 0x10
    await stage.place.write(segment.path, bytes)
    for (let attempt = 1; attempt <= 2; attempt += 1) namesIt(await refusedBy(stage.replay()), segment)
    const { skipped } = await completedBy(stage.replay(['--accept', 'segment-damaged']))
    const told = skipped.map(({ segment: path, firstOffset, lastOffset }) => [path, firstOffset, lastOffset].join())
    const wanted = [segment.path, segment.first, segment.last].join()
    if (told.join() !== wanted) throw new Error(`passed over should be ${wanted}, not ${told.join()}`)
    return stage.judge(await sequencesOf(stage.kafka.brokers, stage.topic, without(segment)))
  },
})

function namesIt(message: string, { path, first, last }: { path: string; first: string; last: string }): void {
  const names = [path, first, last].every((part) => message.includes(part))
  if (!names) throw new Error(`it does not name ${path} and offsets ${first} to ${last}: ${message}`)
}

/** Segments of the plan are gone before it comes to them: it stops by name, and goes on when they are back. */
const vanished: Scenario = {
  name: 'replay: segments vanish and are restored',
  rounds: { full: 3, short: 1 },
  async run(round) {
    const stage = await ReplayStage.open(round)
    const { objects } = await round.world.replaySource()
    const segments = [...objects.keys()].filter((key) => key.endsWith('.parquet'))
    const read = new Set<string>()
    const gone: string[] = []
    const vanish = async (): Promise<void> => {
      for (const key of segments) {
        if (read.has(key) || round.random() < 0.5) continue
        gone.push(key)
        await stage.place.remove(key)
      }
    }
    const hold = holding(readsSegment, vanish, Math.floor(round.random() * calmReads))
    stage.proxy.handler = (request, pass) => {
      if (readsSegment(request)) read.add(request.key)
      return hold(request, pass)
    }
    const said = await refusedBy(stage.replay())
    if (!gone.some((key) => said.includes(key))) throw new Error(`it names none of ${gone.join(', ')}: ${said}`)
    const again = await refusedBy(stage.replay())
    if (!gone.some((key) => again.includes(key))) throw new Error(`it names none of ${gone.join(', ')}: ${again}`)
    for (const key of gone) await stage.place.write(key, objects.get(key)!)
    await completedBy(stage.replay())
    return stage.judge()
  },
}

/** The store goes away, loses answers, and holds segments that are damaged or gone. */
export const replayStoreTroubles: Scenario[] = [
  away(3, 4, 1),
  away(60, 2, 0),
  answersLost,
  damaged('amid a segment', 0.4, 1),
  damaged('in its footer', 0.97),
  vanished,
]
