import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningCommand } from '../../kit/coldstream.ts'
import { apiKeys, once, type RequestPlace, watchRequest } from '../../kit/kill-replay-at.ts'
import { completedBy } from '../../kit/replay-stage.ts'
import { type OpenWork, plainWork, type ReplayWork } from '../../kit/replay-work.ts'
import type { Round } from '../../kit/round.ts'
import type { Scenario } from '../../kit/scenario.ts'

const { produce, endTxn, initProducerId, createTopics } = apiKeys

/** Another one of its kind in every round; a replay creates a target and opens two writers, of all else there are more. */
function anyOf({ random }: Round, apiKey: number): RequestPlace {
  const occurrences = { [createTopics]: 1, [initProducerId]: 2 }[apiKey] ?? 20
  return { apiKey, earlier: Math.floor(random() * occurrences) }
}

interface Sleeper {
  command: RunningCommand
  wake(): void
}

/** Starts the replay and has it stand still (SIGSTOP) in the middle of a request, which arrives when it goes on. */
async function asleepAt({ stage, start }: ReplayWork, place: RequestPlace): Promise<Sleeper> {
  const asleep = Promise.withResolvers<void>()
  const awake = Promise.withResolvers<void>()
  const fallAsleep = (): Promise<void> => {
    command.process.kill('SIGSTOP')
    asleep.resolve()
    return awake.promise
  }
  const watch = (): void => watchRequest(stage, place, 'held', fallAsleep)
  if (place.apiKey === createTopics) once(stage, 'state planning', watch)
  else watch()
  const command = start()
  const { code, stderr } = (await Promise.race([asleep.promise, command.ended])) ?? {}
  if (code !== undefined) throw new Error(`it ended with ${code} before it fell asleep: ${stderr}`)
  const wake = (): void => {
    command.process.kill('SIGCONT')
    awake.resolve()
  }
  return { command, wake }
}

interface TimedOutOptions {
  title?: string
  open?: OpenWork
  full?: number
  short?: number
}

/** The broker gives a transaction up while the process stands still, and it finds that out when it goes on. */
export const timedOut = (
  what: string,
  apiKey: number,
  transactionTimeoutMs: number,
  { title = '', open = plainWork, full = 5, short = 0 }: TimedOutOptions = {},
): Scenario => ({
  name: `replay: ${title}sleeps amid ${what} for longer than a transaction of ${transactionTimeoutMs / 1000} s`,
  rounds: { full, short },
  limitMs: () => 120_000 + 3 * transactionTimeoutMs,
  async run(round) {
    // all writing is in one transaction after the other, each of several blocks: one is open at the second after a commit
    const limits = { maxShares: 1, firstUnitMs: 5_000 }
    const work = await open(round, { transactionTimeoutMs, limits })
    const place = anyOf(round, endTxn)
    const amid = apiKey === endTxn ? place : { apiKey, earlier: 1, after: place }
    const { command, wake } = await asleepAt(work, amid)
    // the time that passes is the fault
    await sleep(transactionTimeoutMs + 1_000)
    wake()
    await completedBy(command)
    const { stderr } = await command.ended
    if (!stderr.includes('transaction-aborted')) throw new Error(`no transaction was given up: ${stderr}`)
    return work.judge()
  },
})

/** Another process does the work meanwhile; the sleeper's request arrives when that is done, or amid it. */
const overtaken = (what: string, apiKey: number, wakes: 'amid the work' | 'afterwards', short = 0): Scenario => ({
  name: `replay: sleeps amid ${what}, is overtaken, wakes ${wakes}`,
  rounds: { full: 5, short },
  async run(round) {
    const work = await plainWork(round)
    const { stage, start, judge } = work
    const { command, wake } = await asleepAt(work, anyOf(round, apiKey))
    const successor = start()
    if (wakes === 'amid the work') {
      await new Promise<void>((resolve) =>
        stage.kafka.proxy.watch({ apiKey: apiKeys.endTxn, when: 'held', reached: resolve }),
      )
      wake()
    }
    await completedBy(successor)
    wake()
    await completedBy(command)
    return judge()
  },
})

/** A process that stands still in the middle of a transaction. */
export const replaySleepers: Scenario[] = [
  timedOut('a block', produce, 1_500, { short: 1 }),
  timedOut('a commit', endTxn, 1_500),
  timedOut('a commit', endTxn, 60_000, { full: 1 }),
  overtaken('a commit', endTxn, 'afterwards', 1),
  overtaken('a commit', endTxn, 'amid the work'),
  overtaken('a block', produce, 'afterwards'),
  overtaken('a block', produce, 'amid the work'),
  overtaken('the creation of its target', createTopics, 'afterwards'),
  overtaken('the opening of a writer', initProducerId, 'afterwards'),
  overtaken('the opening of a writer', initProducerId, 'amid the work'),
]
