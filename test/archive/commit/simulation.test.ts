import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type Scenario, simulate } from './simulation.ts'
import type { Sabotage } from './simulation-store.ts'

const scenario: fc.Arbitrary<Omit<Scenario, 'sabotage'>> = fc.record({
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  records: fc.integer({ min: 1, max: 45 }),
  writers: fc.integer({ min: 1, max: 5 }),
  steps: fc.integer({ min: 20, max: 500 }),
  faultRate: fc.constantFrom(0, 0.01, 0.05, 0.15),
  killRate: fc.constantFrom(0, 0.002, 0.01),
  pauseRate: fc.constantFrom(0, 0.01, 0.03),
  compactRate: fc.constantFrom(0, 0.02, 0.1),
  retainRate: fc.constantFrom(0, 0.01, 0.05),
})

suite('several captures of one partition, stopped at any step', () => {
  test('leave every record in exactly one row, and every other offset in a true gap', async () => {
    let zombies = 0
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const outcome = await simulate({ ...given, sabotage: 'none' })
        zombies += outcome.zombies
        assert.deepEqual(outcome.problems, [])
      }),
      { numRuns: 2000 },
    )
    assert.ok(zombies > 1000, `only ${zombies} writers were left to wake up after the end`)
  })

  test('come to the same end for the same seed', async () => {
    const given = { seed: 4711, records: 30, writers: 4, steps: 400, compactRate: 0.05, retainRate: 0.01 }
    const rates = { faultRate: 0.05, killRate: 0.005, pauseRate: 0.02, sabotage: 'none' } as const
    const [a, b] = [await simulate({ ...given, ...rates }), await simulate({ ...given, ...rates })]
    assert.ok(a.store.objects.size > 10)
    assert.deepEqual([...a.store.objects], [...b.store.objects])
  })
})

suite('the simulation finds out when', () => {
  const proofs: [Sabotage, string, RegExp][] = [
    [
      'upload-before-intent',
      'segments are uploaded before their boundaries are fixed',
      /is twice|beyond|not in the log/,
    ],
    ['log-overwrites', 'two entries can take one number', /cannot follow|is twice|not in the log/],
    ['upload-forgotten', 'a commit names what was never uploaded', /is lost/],
    ['no-empty-fence', 'a path with nothing left is not taken', /is covered by .* and (retention|compacted)/],
  ]
  for (const [sabotage, what, problem] of proofs) {
    test(what, async () => {
      // Retention that overtakes uploads, and many sleepers: what the rarest of these needs.
      const rates = { faultRate: 0.01, killRate: 0.002, pauseRate: 0.03, compactRate: 0.1, retainRate: 0.05 }
      const found: string[] = []
      for (let seed = 0; seed < 500 && found.length === 0; seed++) {
        const { problems } = await simulate({ seed, records: 30, writers: 4, steps: 300, ...rates, sabotage })
        found.push(...problems.filter((text) => problem.test(text)))
      }
      assert.notDeepEqual(found, [])
    })
  }
})
