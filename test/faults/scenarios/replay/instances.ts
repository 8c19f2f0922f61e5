import { setTimeout as sleep } from 'node:timers/promises'
import { succeeded } from '../../kit/coldstream.ts'
import { apiKeys, passAll, type ReplayPoint, reaching } from '../../kit/kill-replay-at.ts'
import { ask, completed, type ReplayService } from '../../kit/replay-service.ts'
import { ReplayStage } from '../../kit/replay-stage.ts'
import { type Round, stop } from '../../kit/round.ts'
import type { Scenario } from '../../kit/scenario.ts'

const limits = { maxShares: 8, maxUnitRows: 100 }
/** So slow that every instance has its shares before the others have done them. */
const rate = { recordsPerSecond: 1_500 }
const few = 5

/** The broker's requests of this instance can be told from the others'. */
const named = (clientId: string): Record<string, string> => ({ COLDSTREAM_KAFKA_CLIENT_ID: clientId })

/** Where an instance dies while others have shares of the same replay. */
const points: Readonly<Record<string, Pick<ReplayPoint & { apiKey: number }, 'apiKey' | 'when'>>> = {
  'writer opened': { apiKey: apiKeys.initProducerId, when: 'answered' },
  'block written, unanswered': { apiKey: apiKeys.produce, when: 'unanswered' },
  'before a commit': { apiKey: apiKeys.endTxn, when: 'before' },
  'commit done, unanswered': { apiKey: apiKeys.endTxn, when: 'unanswered' },
}

async function quicken(service: ReplayService, { id }: ReplayStage): Promise<void> {
  await ask(service, 'PUT', `/v1/replays/${id}/rate`, null)
}

/** Throws when the replay is completed before that comes. */
async function beforeTheEnd(service: ReplayService, { id }: ReplayStage, comes: Promise<unknown>): Promise<void> {
  const isEarly = await Promise.race([comes.then(() => true), completed(service, id).then(() => false)])
  if (!isEarly) throw new Error('the replay was completed before anything happened')
}

const killed: Scenario[] = Object.entries(points).map(([name, point]) => ({
  name: `replay: an instance of two is killed: ${name}`,
  rounds: { full: 3, short: name === 'before a commit' ? 1 : 0 },
  async run(round) {
    const stage = await ReplayStage.open(round, { limits })
    const victim = await stage.serve(named('victim'))
    const survivor = await stage.serve({ ...named('survivor'), ...stage.direct })
    const earlier = point.apiKey === apiKeys.initProducerId ? 0 : Math.floor(round.random() * few)
    const reached = reaching(stage, { ...point, earlier, clientId: 'victim' })
    await ask(survivor, 'POST', '/v1/replays', stage.request({ rate }))
    await beforeTheEnd(survivor, stage, reached)
    victim.command.process.kill('SIGKILL')
    await quicken(survivor, stage)
    await completed(survivor, stage.id)
    succeeded('serve', await stop(survivor.command))
    return stage.judge()
  },
}))

/** Longer than the group's session, so that the sleeper's shares are another's when it wakes. */
const sleepMs = 8_000

async function killAndSleep(round: Round): Promise<[ReplayStage, ReplayService, ReplayService]> {
  const stage = await ReplayStage.open(round, { limits })
  const victim = await stage.serve(named('victim'))
  const sleeper = await stage.serve(named('sleeper'))
  const survivor = await stage.serve({ ...named('survivor'), ...stage.direct })
  const { produce, endTxn } = apiKeys
  stage.kafka.proxy.watch({
    ...{ apiKey: endTxn, when: 'before', clientId: 'victim', earlier: Math.floor(round.random() * few) },
    reached: () => victim.command.process.kill('SIGKILL'),
  })
  const asleep = Promise.withResolvers<void>()
  stage.kafka.proxy.watch({
    ...{ apiKey: produce, when: 'held', clientId: 'sleeper', earlier: Math.floor(round.random() * few) },
    reached: () => {
      sleeper.command.process.kill('SIGSTOP')
      asleep.resolve()
    },
  })
  await ask(survivor, 'POST', '/v1/replays', stage.request({ rate }))
  await beforeTheEnd(survivor, stage, Promise.all([asleep.promise, victim.command.ended]))
  return [stage, sleeper, survivor]
}

/** One of three instances is killed; another stands still for longer than its session, and goes on. */
const zombie = (name: string, wakes: 'while the third works' | 'when all is done'): Scenario => ({
  name,
  rounds: { full: 4, short: wakes === 'when all is done' ? 1 : 0 },
  async run(round) {
    const [stage, sleeper, survivor] = await killAndSleep(round)
    if (wakes === 'while the third works') {
      await sleep(sleepMs)
      sleeper.command.process.kill('SIGCONT')
      await quicken(survivor, stage)
      await completed(survivor, stage.id)
    } else {
      await quicken(survivor, stage)
      await completed(survivor, stage.id)
      sleeper.command.process.kill('SIGCONT')
    }
    await completed(sleeper, stage.id)
    passAll(stage)
    for (const { command } of [sleeper, survivor]) succeeded('serve', await stop(command))
    return stage.judge()
  },
})

/** Instances that share a replay, of which some die or sleep. */
export const replayInstances: Scenario[] = [
  ...killed,
  zombie('replay: of three one is killed, one sleeps and wakes amid the work', 'while the third works'),
  zombie('replay: of three one is killed, one sleeps to the end', 'when all is done'),
]
