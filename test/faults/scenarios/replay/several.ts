import { differencesSoFar, sequencesOf } from '../../kit/judge-replay.ts'
import { apiKeys } from '../../kit/kill-replay-at.ts'
import type { ReplayStage } from '../../kit/replay-stage.ts'
import type { Round } from '../../kit/round.ts'
import type { Scenario, Verdict } from '../../kit/scenario.ts'
import { eachWork, mergedWork, targetSuffixes } from '../../kit/several-work.ts'
import { live, restart } from './broker-trouble.ts'
import { atRequest, atStep, fivePoints, killed, killedAgainAndAgain, type PointOf } from './killed.ts'
import { commands } from './runners.ts'
import { timedOut } from './sleepers.ts'
import { targetDeleted } from './topic-trouble.ts'

const each = 'two topics, two targets: '
const merged = 'two topics merged by time: '
const commits = 24
const { createTopics, initProducerId, produce, endTxn } = apiKeys

/** Amid its work; the merge has a single share. */
const pointsOfWork = (shares: number): Readonly<Record<string, PointOf>> => ({
  'writer opened': atRequest(initProducerId, 'answered', shares),
  'block written, unanswered': atRequest(produce, 'unanswered', commits),
  'before a commit': atRequest(endTxn, 'before', commits),
  'commit done, unanswered': atRequest(endTxn, 'unanswered', commits),
  'before a share is finished': atStep('share finished', 'before'),
})

const pointsOfTargets: Readonly<Record<string, PointOf>> = {
  'before the second target is created': () => ({ apiKey: createTopics, when: 'before', earlier: 1 }),
  'second target created, unanswered': () => ({ apiKey: createTopics, when: 'unanswered', earlier: 1 }),
}

const [first, second] = targetSuffixes

/** The target that is still there holds what belongs into it, as far as the replay came. */
async function judgeFirst({ world }: Round, { brokers, target }: ReplayStage): Promise<Verdict[]> {
  const [source] = await world.replaySources()
  return [differencesSoFar(source!.sequences, await sequencesOf(brokers, `${target}${first}`))]
}

/** Replays of several topics. */
export const severalTopicsReplays: Scenario[] = [
  ...killed(each, eachWork, { ...pointsOfTargets, ...pointsOfWork(2) }, ['second target created, unanswered']),
  killedAgainAndAgain(each, eachWork, fivePoints(2)),
  commands(2, 0, each, eachWork),
  targetDeleted(`replay: ${each}one of them is deleted`, eachWork, { suffix: second, judgeOthers: judgeFirst }),
  ...killed(merged, mergedWork, pointsOfWork(1), ['commit done, unanswered']),
  killedAgainAndAgain(merged, mergedWork, fivePoints(1)),
  commands(2, 0, merged, mergedWork),
  timedOut('a block', produce, 1_500, { title: merged, open: mergedWork }),
  {
    name: `replay: ${merged}the broker is killed amid a commit, and started again`,
    rounds: { full: 5, short: 0 },
    run: (round) => live(round, mergedWork, { apiKey: endTxn, happens: restart }),
  },
  targetDeleted(`replay: ${merged}the target is deleted`, mergedWork),
]
