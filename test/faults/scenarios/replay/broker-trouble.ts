import type { Admin } from 'kafkajs'
import { independentClient } from '../../../adapters/kafka/judge.ts'
import { apiKeys, once, type RequestPlace, watchRequest } from '../../kit/kill-replay-at.ts'
import { completedBy, ReplayStage } from '../../kit/replay-stage.ts'
import { type OpenWork, plainWork } from '../../kit/replay-work.ts'
import type { Round } from '../../kit/round.ts'
import type { Scenario, Verdict } from '../../kit/scenario.ts'

const commits = 24

/** It happens at a request, while that waits; at one of the first so many unless told at which. */
interface Incident extends RequestPlace {
  happens: (stage: ReplayStage) => Promise<unknown>
}

/** A command lives through what happens at a request of it. */
export async function live(round: Round, open: OpenWork, { happens, ...place }: Incident): Promise<Verdict> {
  const { stage, start, judge } = await open(round)
  let happened: Promise<unknown> | null = null
  watchRequest(stage, { earlier: Math.floor(round.random() * commits), ...place }, 'held', () => {
    happened = happens(stage)
    return happened
  })
  await completedBy(start())
  if (happened === null) throw new Error('it was done before anything happened')
  await happened
  return judge()
}

/** What kills the broker of a stage and starts it again. */
export const restart = async ({ kafka: { server } }: ReplayStage): Promise<void> => {
  await server.kill()
  await server.restart()
}

const restarts: Scenario[] = [
  {
    name: 'replay: the broker is killed amid a commit, and started again',
    rounds: { full: 5, short: 1 },
    run: (round) => live(round, plainWork, { apiKey: apiKeys.endTxn, happens: restart }),
  },
  {
    name: 'replay: the broker is killed amid a block, and started again',
    rounds: { full: 5, short: 0 },
    run: (round) => live(round, plainWork, { apiKey: apiKeys.produce, happens: restart }),
  },
  {
    name: 'replay: the broker ends in good order amid a commit, and is started again',
    rounds: { full: 5, short: 0 },
    run: (round) =>
      live(round, plainWork, { apiKey: apiKeys.endTxn, happens: ({ kafka: { server } }) => server.restart() }),
  },
]

interface LostAnswers {
  apiKey: number
  /** So many of its kind are answered first, at most. */
  calm: number
  times: number
  short?: number
}

/** What is cut is the connection, in the place of the answer. */
const lostAnswers = (name: string, { apiKey, calm, times, short = 0 }: LostAnswers): Scenario => ({
  name: `replay: answers lost: ${name}`,
  rounds: { full: 5, short },
  async run(round) {
    const stage = await ReplayStage.open(round)
    const { proxy } = stage.kafka
    const lose = (): void => proxy.cut(apiKey, times)
    const earlier = Math.floor(round.random() * calm)
    if (apiKey === apiKeys.createTopics) once(stage, 'state planning', lose)
    else if (calm === 0) lose()
    else proxy.watch({ apiKey, when: 'held', earlier, reached: lose })
    await completedBy(stage.replay())
    if (proxy.cuts < times) throw new Error(`only ${proxy.cuts} answers were lost`)
    return stage.judge()
  },
})

/** The coordinator of the transactions and the leaders of the target go to the other broker and back, again and again. */
const movingCoordinator: Scenario = {
  name: 'replay: the transaction coordinator moves',
  rounds: { full: 3, short: 0 },
  async run(round) {
    const [{ brokers }] = await round.world.pair()
    const stage = await ReplayStage.open(round, { brokers })
    const admin = independentClient(brokers).admin()
    await admin.connect()
    round.closeLater(() => admin.disconnect())
    let isRunning = true
    const command = stage.replay(['--records-per-second', '1000'])
    const done = completedBy(command).finally(() => {
      isRunning = false
    })
    let moves = 0
    while (isRunning) {
      const replicas = [1 + (moves % 2)]
      const { topics } = await admin.fetchTopicMetadata()
      const moved = topics.filter(({ name }) => name === '__transaction_state' || name === stage.target)
      const assignments = moved.map(({ name, partitions }) => ({
        topic: name,
        partitionAssignment: partitions.map(({ partitionId }) => ({ partition: partitionId, replicas })),
      }))
      if (assignments.length > 0) {
        await admin.alterPartitionReassignments({ topics: assignments })
        await movedTo(admin, '__transaction_state', replicas[0]!)
        moves += 1
      }
    }
    await done
    if (moves < 3) throw new Error(`the coordinator moved only ${moves} times`)
    return stage.judge()
  },
}

async function movedTo(admin: Admin, topic: string, node: number): Promise<void> {
  for (;;) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    if (topics[0]?.partitions.every(({ leader, isr }) => leader === node && isr.length === 1)) return
  }
}

/** Brokers go, come and hand over while a replay writes to them, and answers of theirs are lost. */
export const replayBrokerTroubles: Scenario[] = [
  ...restarts,
  movingCoordinator,
  lostAnswers('commits', { apiKey: apiKeys.endTxn, calm: 15, times: 8, short: 1 }),
  lostAnswers('blocks', { apiKey: apiKeys.produce, calm: 20, times: 8 }),
  lostAnswers('new writers', { apiKey: apiKeys.initProducerId, calm: 0, times: 3 }),
  lostAnswers('a new target', { apiKey: apiKeys.createTopics, calm: 0, times: 1 }),
]
