import { apiKeys, killReplayAt, type ReplayPoint, type RequestPlace } from '../../kit/kill-replay-at.ts'
import { completedBy } from '../../kit/replay-stage.ts'
import type { OpenWork } from '../../kit/replay-work.ts'
import type { Round } from '../../kit/round.ts'
import type { Scenario } from '../../kit/scenario.ts'

type When = ReplayPoint['when']

/** A point in a round; another one of its kind in every round. */
export type PointOf = (round: Round) => ReplayPoint

/** At a write to the store, as `replayStepOf` names it. */
export const atStep =
  (step: string, when: When): PointOf =>
  () => ({ step, when })

/** At the n-th request of its kind: one of the first so many. */
export const atRequest =
  (apiKey: number, when: When, occurrences = 1, after?: RequestPlace): PointOf =>
  ({ random }) => ({
    ...{ apiKey, when, earlier: Math.floor(random() * occurrences) },
    ...(after === undefined ? {} : { after }),
  })

/** A command that dies by SIGKILL exactly at a point, and the same command again; a scenario for each point. */
export function killed(
  title: string,
  open: OpenWork,
  points: Readonly<Record<string, PointOf>>,
  short: readonly string[] = [],
): Scenario[] {
  return Object.entries(points).map(([name, pointOf]) => ({
    name: `replay: ${title}kill: ${name}`,
    rounds: { full: 5, short: short.includes(name) ? 1 : 0 },
    async run(round) {
      const { stage, start, judge } = await open(round)
      await killReplayAt(stage, pointOf(round), start)
      await completedBy(start())
      return judge()
    },
  }))
}

/** Every start dies at another point of its work until one is left alone. */
export function killedAgainAndAgain(title: string, open: OpenWork, points: readonly PointOf[]): Scenario {
  return {
    name: `replay: ${title}kill: again and again`,
    rounds: { full: 5, short: 0 },
    async run(round) {
      const { stage, start, judge } = await open(round)
      for (const pointOf of points) await killReplayAt(stage, pointOf(round), start)
      await completedBy(start())
      return judge()
    },
  }
}

/** Five points in the first half of a replay. */
export function fivePoints(shares: number): PointOf[] {
  const { produce, initProducerId, endTxn } = apiKeys
  const few = 4
  return [
    atRequest(endTxn, 'unanswered', few),
    atRequest(initProducerId, 'answered', shares),
    atRequest(produce, 'unanswered', few),
    atRequest(endTxn, 'before', few),
    atRequest(endTxn, 'unanswered', few),
  ]
}
