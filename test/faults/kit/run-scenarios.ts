import { Round } from './round.ts'
import { isClean, type Scenario, sumOf, type Verdict } from './scenario.ts'
import type { World } from './world.ts'

/** How a scenario's rounds went. */
export interface Outcome extends Verdict {
  fault: string
  rounds: number
  /** What was thrown, or what a judge found, by round. */
  failures: string[]
}

/** A round that takes longer stands still; its processes are killed. Under a load it may take longer. */
const roundLimitMs = 240_000

/** Runs one round. Throws when anything but the judges' counts is not as it should be. */
export async function runRound(
  scenario: Scenario,
  world: World,
  number: number,
  random: () => number,
): Promise<Verdict> {
  const round = await Round.open(world, number, random)
  const limitMs = scenario.limitMs?.(world.load) ?? roundLimitMs
  const limit = Promise.withResolvers<never>()
  const timer = setTimeout(() => limit.reject(new Error(`nothing moved for ${limitMs} ms: ${round.told()}`)), limitMs)
  try {
    return await Promise.race([scenario.run(round), limit.promise])
  } finally {
    clearTimeout(timer)
    await round.close()
  }
}

/** Runs a scenario's rounds one after the other and goes on after a failure. */
export async function runScenario(
  scenario: Scenario,
  world: World,
  rounds: number,
  random: () => number,
): Promise<Outcome> {
  const verdicts: Verdict[] = []
  const failures: string[] = []
  for (let number = 1; number <= rounds; number += 1) {
    try {
      const verdict = await runRound(scenario, world, number, random)
      verdicts.push(verdict)
      if (!isClean(verdict)) failures.push(`round ${number}: ${JSON.stringify(verdict)}`)
    } catch (error) {
      failures.push(`round ${number}: ${error instanceof Error ? error.stack : String(error)}`)
    }
  }
  return { fault: scenario.name, rounds, ...sumOf(verdicts), failures }
}
