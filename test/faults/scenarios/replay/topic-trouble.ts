import { independentClient } from '../../../adapters/kafka/judge.ts'
import { succeeded } from '../../kit/coldstream.ts'
import { sequencesOf } from '../../kit/judge-replay.ts'
import { apiKeys } from '../../kit/kill-replay-at.ts'
import { replaySource } from '../../kit/replay-source.ts'
import { completedBy, ReplayStage, refusedBy } from '../../kit/replay-stage.ts'
import { type OpenWork, plainWork, type ReplayWork } from '../../kit/replay-work.ts'
import type { Round } from '../../kit/round.ts'
import { type Scenario, sumOf, type Verdict } from '../../kit/scenario.ts'
import { createTopicNamed, writeOrders } from '../../kit/topics.ts'

const occurrences = 20

/** Has something happen to the topics of a replay while a request of a replay waits. */
export function amid(round: Round, { kafka }: ReplayStage, apiKey: number, happens: () => Promise<unknown>): void {
  const earlier = 2 + Math.floor(round.random() * occurrences)
  kafka.proxy.watch({ apiKey, when: 'held', earlier, reached: happens })
}

/** Starts the replay, which is to stop and name its target. What it says. */
async function stopped({ stage, start }: Omit<ReplayWork, 'judge'>, target = stage.target, code = 1): Promise<string> {
  const said = await refusedBy(start(), code)
  if (!said.includes(target)) throw new Error(`it does not name ${target}: ${said}`)
  return said
}

async function deleteTopic({ brokers }: ReplayStage, topic: string): Promise<void> {
  const admin = independentClient(brokers).admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [topic] })
  await admin.disconnect()
}

/** It stops, and stops again; the same records go into another target under another name. */
async function beginAnew(round: Round, open: OpenWork, { start }: ReplayWork, target: string): Promise<Verdict> {
  const again = await refusedBy(start())
  if (!again.includes(`${target} was deleted`)) throw new Error(`it does not say what happened: ${again}`)
  const anew = await open(round)
  await completedBy(anew.start())
  return anew.judge()
}

/** One of its targets goes; `judgeOthers` looks at what is in the others then. */
export const targetDeleted = (
  name: string,
  open: OpenWork,
  { suffix = '', short = 0, judgeOthers }: { suffix?: string; short?: number; judgeOthers?: OfStage } = {},
): Scenario => ({
  name,
  rounds: { full: 5, short },
  async run(round) {
    const work = await open(round)
    const target = `${work.stage.target}${suffix}`
    amid(round, work.stage, apiKeys.endTxn, () => deleteTopic(work.stage, target))
    await stopped(work, target)
    const others = (await judgeOthers?.(round, work.stage)) ?? []
    return sumOf([...others, await beginAnew(round, open, work, target)])
  },
})

type OfStage = (round: Round, stage: ReplayStage) => Promise<Verdict[]>

/** A topic of the same name takes the target's place: nothing is committed into it. */
const targetReplaced: Scenario = {
  name: 'replay: the target is deleted and created again',
  rounds: { full: 4, short: 0 },
  async run(round) {
    const work = await plainWork(round)
    const { stage } = work
    const { brokers, target } = stage
    amid(round, stage, round.number % 2 === 0 ? apiKeys.endTxn : apiKeys.produce, async () => {
      await deleteTopic(stage, target)
      await createTopicNamed(brokers, target, { partitions: stage.source.size })
    })
    await stopped(work)
    const verdict = await beginAnew(round, plainWork, work, target)
    const inNamesake = [...(await sequencesOf(brokers, target)).values()].reduce((sum, { ids }) => sum + ids.length, 0)
    return { ...verdict, twice: verdict.twice + inNamesake }
  },
}

async function setMaxMessageBytes({ kafka: { server }, target }: ReplayStage, bytes: number): Promise<void> {
  await server.javaTool('kafka.admin.ConfigCommand', [
    ...['--bootstrap-server', server.brokers.join(), '--alter', '--entity-type', 'topics', '--entity-name', target],
    ...['--add-config', `max.message.bytes=${bytes}`],
  ])
}

/** One record is smaller, and a batch of two is not. */
const smallBytes = 300
/** No record is smaller. */
const tooSmallBytes = 80

/** The target takes no batch of any size for a while. */
const nothingFits: Scenario = {
  name: 'replay: no record fits into the target for a while',
  rounds: { full: 3, short: 0 },
  async run(round) {
    const work = await plainWork(round)
    const { stage } = work
    amid(round, stage, apiKeys.produce, () => setMaxMessageBytes(stage, tooSmallBytes))
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const said = await stopped(work, stage.target, 2)
      if (!said.includes('max.message.bytes')) throw new Error(`it does not name the setting: ${said}`)
    }
    await setMaxMessageBytes(stage, 1_048_588)
    await completedBy(stage.replay())
    return stage.judge()
  },
}

/** The target takes single records yet. */
const lessFits: Scenario = {
  name: 'replay: the target takes only small batches from now on',
  rounds: { full: 3, short: 0 },
  async run(round) {
    const stage = await ReplayStage.open(round)
    amid(round, stage, apiKeys.produce, () => setMaxMessageBytes(stage, smallBytes))
    await completedBy(stage.replay())
    return stage.judge()
  },
}

const more = 2_000

/** Records are written and archived while what was there before is replayed. */
const growingSource: Scenario = {
  name: 'replay: the source goes on growing',
  rounds: { full: 2, short: 0 },
  async run(round) {
    const { brokers } = await round.world.replayKafka()
    const source = await replaySource(brokers, round.folder)
    const stage = await ReplayStage.open(round, { source })
    const written = [...source.sequences.values()].reduce((sum, { ids }) => sum + ids.length, 0)
    const running = stage.replay(['--records-per-second', '500'])
    const begun = new Promise<void>((resolve) =>
      stage.kafka.proxy.watch({ apiKey: apiKeys.endTxn, when: 'held', reached: resolve }),
    )
    await begun
    await writeOrders(brokers, source.topic, { from: written, to: written + more, partitions: source.sequences.size })
    await round.captureToEnd(stage, source.topic)
    if (running.process.exitCode !== null) throw new Error('the replay had ended before its source had grown')
    const { progress } = await completedBy(running)
    if (progress?.rows !== written) throw new Error(`it says that it emitted ${progress?.rows} records`)
    const verdict = await stage.judge()
    const grown = ['--json', 'replay', source.topic, '--to', `${stage.target}-grown`, '--dry-run']
    const preview = JSON.parse(succeeded('replay', await round.start(grown, stage.settings).ended)) as Preview
    if (preview.plan.rows !== written + more) throw new Error(`${preview.plan.rows} records are archived now`)
    return verdict
  },
}

interface Preview {
  plan: { rows: number }
}

/** What befalls the topics that a replay reads and writes. */
export const replayTopicTroubles: Scenario[] = [
  targetDeleted('replay: the target is deleted', plainWork, { short: 1 }),
  targetReplaced,
  nothingFits,
  lessFits,
  growingSource,
]
