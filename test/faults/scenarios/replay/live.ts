import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import { independentClient } from '../../../adapters/kafka/judge.ts'
import { differencesSoFar, Sequences, sequencesOf } from '../../kit/judge-replay.ts'
import { apiKeys, killReplayAt, type RequestPlace } from '../../kit/kill-replay-at.ts'
import { readTopic } from '../../kit/read-topic.ts'
import { liveSource, objectsOf, type ReplaySource } from '../../kit/replay-source.ts'
import { completedBy, ReplayStage, refusedBy } from '../../kit/replay-stage.ts'
import type { OpenWork } from '../../kit/replay-work.ts'
import type { Round } from '../../kit/round.ts'
import { type Scenario, sumOf, type Verdict } from '../../kit/scenario.ts'
import { writeOrders } from '../../kit/topics.ts'
import { live as living, restart } from './broker-trouble.ts'
import { atRequest, atStep, killed, killedAgainAndAgain, type PointOf } from './killed.ts'
import { commands } from './runners.ts'
import { timedOut } from './sleepers.ts'
import { amid } from './topic-trouble.ts'

const title = 'to live: '
const { fetch, produce, endTxn } = apiKeys

const archive = ({ world }: Round): Promise<ReplaySource> => world.liveSource()

const liveWork: OpenWork = async (round, options) => {
  const stage = await ReplayStage.open(round, { source: await archive(round), ...options })
  return { stage, start: () => stage.replay(['--live']), judge: () => stage.judge() }
}

/** Of the thirty commits of what is archived; whatever is fetched later is behind the archive. */
const inArchive: RequestPlace = { apiKey: endTxn, earlier: 12 }
const firstFetch: RequestPlace = { apiKey: fetch, after: inArchive }
/** Partitions, each of which is fetched once at least; and commits after the first fetch, at least. */
const fetches = 6
const commitsAfter = 8

/** Around the seam of archive and broker. */
const points: Readonly<Record<string, PointOf>> = {
  'before running': atStep('state running', 'before'),
  'before a fetch behind the archive': atRequest(fetch, 'before', fetches, inArchive),
  'fetched behind the archive, unanswered': atRequest(fetch, 'unanswered', fetches, inArchive),
  'fetched behind the archive': atRequest(fetch, 'answered', fetches, inArchive),
  'block written at the seam, unanswered': atRequest(produce, 'unanswered', commitsAfter, firstFetch),
  'before a commit at the seam': atRequest(endTxn, 'before', commitsAfter, firstFetch),
  'commit done at the seam, unanswered': atRequest(endTxn, 'unanswered', commitsAfter, firstFetch),
  'commit answered at the seam': atRequest(endTxn, 'answered', commitsAfter, firstFetch),
  'before a share is finished': atStep('share finished', 'before'),
}

const few = 2

/** The first kill is shortly before the seam, and the others are around it. */
const atTheSeam: PointOf[] = [
  () => ({ apiKey: endTxn, when: 'unanswered', earlier: 24 }),
  atRequest(produce, 'unanswered', few),
  atRequest(endTxn, 'before', few),
  atRequest(endTxn, 'unanswered', few),
  atRequest(endTxn, 'before', few),
]

const more = 2_000
/** Above those of `liveSource`, the aborted ones too. */
const firstMore = 9_000

/** What is written after a replay was created is not in it, wherever it goes on, and in every other round is archived. */
const growing: Scenario = {
  name: `replay: ${title}killed, and its source grows before it goes on`,
  rounds: { full: 6, short: 0 },
  async run(round) {
    const { brokers } = await round.world.replayKafka()
    const source = await liveSource(brokers, round.folder)
    const stage = await ReplayStage.open(round, { source })
    const start = () => stage.replay(['--live'])
    const point = { apiKey: endTxn, when: 'unanswered', earlier: Math.floor(round.random() * 30) } as const
    await killReplayAt(stage, point, start)
    const partitions = source.sequences.size
    await writeOrders(brokers, source.topic, { from: firstMore, to: firstMore + more, partitions })
    if (round.number % 2 === 0) await round.captureToEnd(stage, source.topic)
    await completedBy(start())
    return stage.judge()
  },
}

async function administered<Result>({ brokers }: ReplayStage, act: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = independentClient(brokers).admin()
  await admin.connect()
  try {
    return await act(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Of each partition; 250 follow. */
const archivedOffsets = 750
const amidLive = String(archivedOffsets + 100)

/** The broker deletes records that are not read yet. */
const deleteRecords = (stage: ReplayStage): Promise<void> =>
  administered(stage, async (admin) => {
    // kafkajs deletes records only where it knows the leaders already
    await admin.fetchTopicOffsets(stage.topic)
    const partitions = [...stage.source.keys()].map((partition) => ({ partition, offset: amidLive }))
    await admin.deleteTopicRecords({ topic: stage.topic, partitions })
  })

/**
 * The broker takes what is long past: the archived records and the first transaction behind them. What comes then stands in
 * the log beside the markers of transactions, which are of today.
 */
const retain = (stage: ReplayStage): Promise<void> =>
  administered(stage, async (admin) => {
    const configEntries = [{ name: 'retention.ms', value: '3600000' }]
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: stage.topic, configEntries }] })
    const isGone = async (): Promise<boolean> =>
      (await admin.fetchTopicOffsets(stage.topic)).every(({ low }) => Number(low) > archivedOffsets)
    // the broker looks for what is too old twice a second and tells nobody
    while (!(await isGone())) await sleep(100)
  })

interface Overtaken {
  stage: ReplayStage
  source: ReplaySource
  /** What stands in the target. */
  soFar: Verdict
}

/** A replay to live loses what it has not read: it stops and says so, twice, and has written nothing wrong. */
async function overtaken(round: Round, happens: (stage: ReplayStage) => Promise<unknown>): Promise<Overtaken> {
  const { brokers } = await round.world.replayKafka()
  const source = await liveSource(brokers, round.folder)
  const stage = await ReplayStage.open(round, { source })
  let happened: Promise<unknown> | null = null
  amid(round, stage, endTxn, () => {
    happened = happens(stage)
    return happened
  })
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const said = await refusedBy(stage.replay(['--live']))
    if (!/Retention deleted offsets \d+ to \d+ of partition \d/.test(said))
      throw new Error(`it does not say it: ${said}`)
    await happened
  }
  return { stage, source, soFar: differencesSoFar(source.sequences, await sequencesOf(brokers, stage.target)) }
}

/** The same archive as it is now, under another id into another target. */
async function anew(round: Round, { stage, source }: Overtaken): Promise<ReplayStage> {
  return ReplayStage.open(round, { source: { ...source, objects: await objectsOf(stage.place) } })
}

/** A capture was quicker, so that the archive has it all. */
const deleted: Scenario = {
  name: `replay: ${title}DeleteRecords overtakes it, and not the capture`,
  rounds: { full: 5, short: 0 },
  async run(round) {
    const found = await overtaken(round, async (stage) => {
      await round.captureToEnd(stage, stage.topic)
      await deleteRecords(stage)
    })
    const next = await anew(round, found)
    await completedBy(next.replay(['--live']))
    return sumOf([found.soFar, await next.judge()])
  },
}

/** The records are lost: another replay to live is refused until a capture has noted it, and then has to accept it. */
const retained: Scenario = {
  name: `replay: ${title}retention overtakes it and the capture`,
  rounds: { full: 5, short: 0 },
  async run(round) {
    const expected = new Sequences()
    const found = await overtaken(round, async (stage) => {
      await readTopic(stage.brokers, stage.topic, (partition, message) => {
        if (Number(message.offset) < archivedOffsets) expected.add(partition, message)
      })
      await retain(stage)
      await readTopic(stage.brokers, stage.topic, (partition, message) => expected.add(partition, message))
    })
    const early = await anew(round, found)
    const refused = await refusedBy(early.replay(['--live']))
    if (!refused.includes('neither archived nor at the broker'))
      throw new Error(`it does not say what is lost: ${refused}`)
    await round.captureToEnd(found.stage, found.stage.topic)
    const next = await anew(round, found)
    await completedBy(next.replay(['--live', '--accept', 'gaps-in-range']))
    return sumOf([found.soFar, await next.judge(expected.finished())])
  },
}

/** Replays that go on behind the archive, up to what was the broker's end when they were created. */
export const liveReplays: Scenario[] = [
  ...killed(title, liveWork, points, ['commit done at the seam, unanswered']),
  killedAgainAndAgain(title, liveWork, atTheSeam),
  commands(2, 0, title, liveWork),
  timedOut('a commit', endTxn, 1_500, { title, open: liveWork }),
  {
    name: `replay: ${title}the broker is killed amid a fetch behind the archive, and started again`,
    rounds: { full: 5, short: 0 },
    run: (round) =>
      living(round, liveWork, { ...firstFetch, earlier: Math.floor(round.random() * fetches), happens: restart }),
  },
  growing,
  deleted,
  retained,
]
