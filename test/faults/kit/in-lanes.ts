import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { seeded } from './random.ts'
import { runRound } from './run-scenarios.ts'
import type { Scenario } from './scenario.ts'
import { World } from './world.ts'

/** A round waits for half of its time. */
const lanes = 2

/**
 * Tests that nothing is lost, doubled or left unexplained in the short rounds of all scenarios that have any: in lanes side
 * by side, each with servers of its own, so that none sees what another does to its broker.
 */
export function testInLanes(what: string, scenarios: readonly Scenario[]): void {
  /** Another one every day, the same for all who look on that day. */
  const seed = Math.floor(Date.now() / 86_400_000)
  const short = scenarios.filter(({ rounds }) => rounds.short > 0)
  describe(`${what} under faults, seed ${seed}:`, { concurrency: lanes }, () => {
    for (let lane = 0; lane < lanes; lane += 1) {
      describe(`lane ${lane}:`, { concurrency: 1 }, () => {
        const random = seeded(seed + lane)
        let world: World
        before(async () => {
          world = await World.open()
        })
        after(() => world.close())

        for (const scenario of short.filter((_, index) => index % lanes === lane)) {
          it(scenario.name, async () => {
            for (let round = 1; round <= scenario.rounds.short; round += 1) {
              const verdict = await runRound(scenario, world, round, random)
              assert.deepEqual(verdict, { lost: 0, twice: 0, unexplained: 0 })
            }
          })
        }
      })
    }
  })
}
