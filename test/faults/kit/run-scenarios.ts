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

/** Runs one round. Throws when its verdict is not clean. */
export async function runRound(
  scenario: Scenario,
  world: World,
  number: number,
  random: () => number,
): Promise<Verdict> {
  const round = await Round.open(world, number, random)
  try {
    return await scenario.run(round)
  } finally {
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
