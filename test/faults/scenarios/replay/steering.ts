import { setTimeout as sleep } from 'node:timers/promises'
import { succeeded } from '../../kit/coldstream.ts'
import { apiKeys, passAll, type ReplayPoint, reaching } from '../../kit/kill-replay-at.ts'
import { ask, awaitStatus, completed, type ReplayService } from '../../kit/replay-service.ts'
import { ReplayStage } from '../../kit/replay-stage.ts'
import { stop } from '../../kit/round.ts'
import type { Scenario } from '../../kit/scenario.ts'

/** So slow that it is in the middle of its work when it is told to stop. */
const rate = { recordsPerSecond: 1_500 }

type Steering = [action: 'pause' | 'cancel', ends: 'paused' | 'cancelled']
const pause: Steering = ['pause', 'paused']
const cancel: Steering = ['cancel', 'cancelled']

/** Where a service dies that was told to pause or to cancel. */
const points: readonly [name: string, Steering, ReplayPoint][] = [
  ['pausing: stored, unanswered', pause, { step: 'state pausing', when: 'unanswered' }],
  ['pausing: before the last commit', pause, { apiKey: apiKeys.endTxn, when: 'before' }],
  ['pausing: before a share stands still', pause, { step: 'share halted', when: 'before' }],
  ['pausing: before paused', pause, { step: 'state paused', when: 'before' }],
  ['pausing: paused stored, unanswered', pause, { step: 'state paused', when: 'unanswered' }],
  ['cancelling: stored, unanswered', cancel, { step: 'state cancelling', when: 'unanswered' }],
  ['cancelling: before cancelled', cancel, { step: 'state cancelled', when: 'before' }],
  ['cancelling: cancelled stored, unanswered', cancel, { step: 'state cancelled', when: 'unanswered' }],
]

const hasBegun = ({ progress }: { progress: { rows: number } | null }): boolean => (progress?.rows ?? 0) > 0

async function resume(service: ReplayService, { id }: ReplayStage): Promise<void> {
  await ask(service, 'POST', `/v1/replays/${id}/resume`)
  await ask(service, 'PUT', `/v1/replays/${id}/rate`, null)
  await completed(service, id)
}

/** The next service ends what the killed one was told to end, and goes on when it is asked to. */
const killed: Scenario[] = points.map(([name, [action, ends], point]) => ({
  name: `replay: kill: ${name}`,
  rounds: { full: 3, short: name === 'pausing: before a share stands still' ? 1 : 0 },
  async run(round) {
    const stage = await ReplayStage.open(round)
    const first = await stage.serve()
    await ask(first, 'POST', '/v1/replays', stage.request({ rate }))
    await awaitStatus(first, stage.id, hasBegun)
    const reached = reaching(stage, point)
    // it dies before it answers
    const steered = Promise.allSettled([ask(first, 'POST', `/v1/replays/${stage.id}/${action}`)])
    await reached
    first.command.process.kill('SIGKILL')
    await Promise.all([steered, first.command.ended])
    passAll(stage)
    const next = await stage.serve()
    await awaitStatus(next, stage.id, ({ state }) => state === ends)
    await resume(next, stage)
    succeeded('serve', await stop(next.command))
    return stage.judge()
  },
}))

const transactionTimeoutMs = 1_500

/** Nothing is open while it is paused, however long that is. */
const longPause: Scenario = {
  name: 'replay: paused for longer than a transaction may last',
  rounds: { full: 3, short: 1 },
  async run(round) {
    const stage = await ReplayStage.open(round, { transactionTimeoutMs })
    const service = await stage.serve()
    await ask(service, 'POST', '/v1/replays', stage.request({ rate }))
    await awaitStatus(service, stage.id, hasBegun)
    await ask(service, 'POST', `/v1/replays/${stage.id}/pause`)
    await awaitStatus(service, stage.id, ({ state }) => state === 'paused')
    // the time that passes is the fault
    await sleep(2 * transactionTimeoutMs)
    await resume(service, stage)
    succeeded('serve', await stop(service.command))
    return stage.judge()
  },
}

/** Replays that are told to pause or to cancel. */
export const replaySteering: Scenario[] = [...killed, longPause]
