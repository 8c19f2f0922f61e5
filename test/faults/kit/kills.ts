import { setTimeout as sleep } from 'node:timers/promises'
import type { EndedCommand, RunningCommand } from './coldstream.ts'

/** How a command is killed again and again until it is left to finish. */
export interface KillPlan {
  kills: number
  random: () => number
  /** Starts the command; each time the same. */
  start: () => RunningCommand
  /** How much of the work can be seen from outside now; grows while the command works. */
  progress: () => Promise<number>
  /** What `progress` will roughly be at the end. */
  total: number
  /** Called after each kill, while nothing runs. */
  afterKill: (kill: Kill) => Promise<void>
}

export interface Kill {
  number: number
  phase: 'starting' | 'working'
  /** Since the start of the process. */
  afterMs: number
  /** Progress when it was killed, in shares of the total. */
  share: number
}

/** One in four kills meets a process that starts: it opens logs and finishes what the one before left. */
const startingKills = 0.25
const startingMs = 1_500
/** After progress was seen the kill comes within this; short enough to meet the commit that was seen to begin. */
const workingJitterMs = 25

/** Kills are spread over this much of the work: a kill comes later than planned where the machine is busy. */
const killedShare = 0.75

/**
 * Kills the command `kills` times with SIGKILL, then lets it finish. Throws when it ended by itself before a kill, or
 * when nothing was left for the last run: then the kills have not proved what they should.
 */
export async function runUnderKills(plan: KillPlan): Promise<EndedCommand> {
  for (let number = 1; number <= plan.kills; number += 1) await plan.afterKill(await killOnce(plan, number))
  const before = await plan.progress()
  const ended = await plan.start().ended
  if ((await plan.progress()) > before) return ended
  if (ended.code !== 0) return ended
  throw new Error('The work was done before the last kill: use more records, fewer kills or smaller segments')
}

async function killOnce(plan: KillPlan, number: number): Promise<Kill> {
  const { random } = plan
  const phase = random() < startingKills ? 'starting' : 'working'
  const before = await plan.progress()
  // On average the kills that are still to come divide what is left of the share.
  const left = Math.max(0, killedShare * plan.total - before)
  const goal = before + Math.max(1, Math.min(0.5 * left, (2 * random() * left) / (plan.kills - number + 1)))
  const delayMs = phase === 'starting' ? random() * startingMs : random() * workingJitterMs
  const startedAt = performance.now()
  const { process: child, ended } = plan.start()
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  const hasTime = (): boolean => phase === 'working' || performance.now() - startedAt < delayMs
  while (isRunning() && hasTime() && (await plan.progress()) < goal) await sleep(2)
  if (phase === 'working') await sleep(delayMs)
  const afterMs = Math.round(performance.now() - startedAt)
  child.kill('SIGKILL')
  const { code, signal, stderr } = await ended
  if (signal !== 'SIGKILL')
    throw new Error(`Kill ${number} came too late, the command had ended with ${code}: ${stderr}`)
  return { number, phase, afterMs, share: (await plan.progress()) / plan.total }
}
