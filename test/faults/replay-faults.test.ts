import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { seeded } from './kit/random.ts'
import { runRound } from './kit/run-scenarios.ts'
import { World } from './kit/world.ts'
import { replayScenarios } from './scenarios/replay/index.ts'

/** Another seed every day, the same for all who look on that day. */
const seed = Math.floor(Date.now() / 86_400_000)

describe(`replay under faults, seed ${seed}:`, () => {
  const random = seeded(seed)
  let world: World
  before(async () => {
    world = await World.open()
  })
  after(() => world.close())

  for (const scenario of replayScenarios.filter(({ rounds }) => rounds.short > 0)) {
    it(scenario.name, async () => {
      for (let round = 1; round <= scenario.rounds.short; round += 1) {
        const verdict = await runRound(scenario, world, round, random)
        assert.deepEqual(verdict, { lost: 0, twice: 0, unexplained: 0 })
      }
    })
  }
})
