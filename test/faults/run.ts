/**
 * Puts captures and replays through faults: the command line in processes of its own, real brokers and stores, and judges that share no
 * code with it. Prints tables of what was lost, doubled, left unexplained or out of order.
 *
 * Run: `npm run test:faults -- [--only NAME]… [--short] [--rounds N] [--rate N] [--seconds N] [--later] [--seed N]`. NAME is a part
 * of a fault's name; rate and seconds are of the load under which instances come and go.
 */
import { parseArgs } from 'node:util'
import { seeded } from './kit/random.ts'
import { type Outcome, runScenario } from './kit/run-scenarios.ts'
import { shortLoad, World } from './kit/world.ts'
import { later, scenarios } from './scenarios/index.ts'
import { replayScenarios } from './scenarios/replay/index.ts'

const { values: args } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    later: { type: 'boolean', default: false },
    rate: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const isNamed = (name: string): boolean => args.only.some((part) => name.includes(part))
const built = [...scenarios, ...replayScenarios]
const all = [...built, ...later]
const selected = args.only.length > 0 ? all.filter(({ name }) => isNamed(name)) : args.later ? all : built
if (selected.length === 0) throw new Error(`No fault is named like ${args.only.join(', ')}`)

console.log(`${selected.length} faults, seed ${args.seed}`)
const random = seeded(Number(args.seed))
const load = { recordsPerSecond: Number(args.rate), seconds: Number(args.seconds) }
const world = await World.open(args.short ? shortLoad : load)
const outcomes: Outcome[] = []
try {
  for (const scenario of selected) {
    const { full, short } = scenario.rounds
    const rounds = args.rounds === undefined ? (args.short ? Math.max(1, short) : full) : Number(args.rounds)
    const startedAt = performance.now()
    const outcome = await runScenario(scenario, world, rounds, random)
    outcomes.push(outcome)
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    console.log(
      `${outcome.failures.length === 0 ? 'passed' : 'FAILED'}: ${outcome.fault}, ${rounds} rounds, ${seconds} s`,
    )
    for (const failure of outcome.failures) console.log(`  ${failure}`)
  }
} finally {
  await world.close()
}
const isReplay = ({ fault }: Outcome): boolean => replayScenarios.some(({ name }) => name === fault)
const captures = outcomes.filter((outcome) => !isReplay(outcome)).map(({ failures: _, ...row }) => row)
const replays = outcomes
  .filter(isReplay)
  .map(({ failures: _, unexplained, ...row }) => ({ ...row, 'out of order': unexplained }))
for (const table of [captures, replays]) if (table.length > 0) console.table(table)
for (const { name } of later.filter((scenario) => !selected.includes(scenario))) console.log(`later: ${name}`)
const failed = outcomes.filter(({ failures }) => failures.length > 0).length
console.log(`${outcomes.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
