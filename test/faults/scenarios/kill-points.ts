import type { Step } from '../kit/archive-watch.ts'
import { succeeded } from '../kit/coldstream.ts'
import { type KillPoint, killAt } from '../kit/kill-at.ts'
import type { Round } from '../kit/round.ts'
import type { Scenario, Verdict } from '../kit/scenario.ts'

/** The topic's records make eight intents, sixteen segments and eight commits; each point comes at least so often. */
const occurrences = 4
const offsetCommitKey = 8

/** The n-th write of a step: another one in every round. */
function atStep(step: Step, when: KillPoint['when']): (round: Round) => KillPoint {
  return (round) => {
    const wanted = Math.floor(round.random() * occurrences)
    return { when, at: (write) => write.step === step && write.earlier === wanted }
  }
}

/** A second segment comes while the first one is stored. */
const betweenSegments = (round: Round): KillPoint => {
  const wanted = 1 + 2 * Math.floor(round.random() * occurrences)
  return { when: 'before', at: (write) => write.step === 'segment' && write.earlier === wanted }
}

const points: Readonly<Record<string, (round: Round) => KillPoint>> = {
  'before an intent': atStep('intent', 'before'),
  'intent stored, unanswered': atStep('intent', 'unanswered'),
  'intent answered': atStep('intent', 'answered'),
  'before a segment': atStep('segment', 'before'),
  'between segments': betweenSegments,
  'segment stored, unanswered': atStep('segment', 'unanswered'),
  'segment answered': atStep('segment', 'answered'),
  'before a commit': atStep('commit', 'before'),
  'commit stored, unanswered': atStep('commit', 'unanswered'),
  'commit answered': atStep('commit', 'answered'),
}

/** The first of its kind that a process does when it finds an intent open. */
function inRecovery(step: Step, when: KillPoint['when'], already: number): KillPoint {
  return { when, at: (write) => write.step === step && write.earlier >= already }
}

/** Points within a successor's own work, after a first process died with its intent open. */
const recoveries: Readonly<Record<string, [Step, KillPoint['when']]>> = {
  'recovery: before a segment': ['segment', 'before'],
  'recovery: segment stored, unanswered': ['segment', 'unanswered'],
  'recovery: before the commit': ['commit', 'before'],
  'recovery: commit stored, unanswered': ['commit', 'unanswered'],
}

async function run(round: Round, killAll: (parts: CaptureParts) => Promise<void>): Promise<Verdict> {
  const { brokers } = await round.world.kafka()
  const { topic, expected } = await round.world.orders()
  const archive = await round.archive(brokers)
  const connector = await round.connector(topic)
  const start = () => round.start(['capture', connector, '--until-end'], archive.settings)
  await killAll({ archive, start })
  succeeded('capture', await start().ended)
  return round.judge(archive, topic, expected)
}

interface CaptureParts {
  archive: Awaited<ReturnType<Round['archive']>>
  start: () => ReturnType<Round['start']>
}

/** Those that `npm test` meets; `npm run test:faults` meets all. */
const shortNames = new Set([
  'intent stored, unanswered',
  'between segments',
  'commit stored, unanswered',
  'recovery: segment stored, unanswered',
])
const short = (name: string): number => (shortNames.has(name) ? 1 : 0)

const once: Scenario[] = Object.entries(points).map(([name, pointOf]) => ({
  name: `kill: ${name}`,
  rounds: { full: 14, short: short(name) },
  run: (round) => run(round, ({ archive, start }) => killAt(archive, pointOf(round), start)),
}))

const twice: Scenario[] = Object.entries(recoveries).map(([name, [step, when]]) => ({
  name: `kill: ${name}`,
  rounds: { full: 12, short: short(name) },
  run: (round) =>
    run(round, async ({ archive, start }) => {
      await killAt(archive, atStep('intent', 'answered')(round), start)
      await killAt(archive, inRecovery(step, when, archive.watch.count(step)), start)
    }),
}))

const beforeGroupOffset: Scenario = {
  name: 'kill: before the group offset',
  rounds: { full: 12, short: 0 },
  run: (round) =>
    run(round, async ({ start }) => {
      const { proxy } = await round.world.kafka()
      const command = start()
      const kill = (): boolean => command.process.kill('SIGKILL')
      proxy.watch({ apiKey: offsetCommitKey, when: 'before', reached: kill })
      const { signal, code, stderr } = await command.ended
      if (signal !== 'SIGKILL') throw new Error(`No offset was committed; capture ended with ${code}: ${stderr}`)
    }),
}

/** A process that dies by SIGKILL exactly there, and one that takes over. */
export const killPoints: Scenario[] = [...once, beforeGroupOffset, ...twice]
