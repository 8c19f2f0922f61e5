import { changedWork } from '../../kit/changed-work.ts'
import { apiKeys } from '../../kit/kill-replay-at.ts'
import type { Scenario } from '../../kit/scenario.ts'
import { live, restart } from './broker-trouble.ts'
import { atRequest, atStep, fivePoints, killed, killedAgainAndAgain, type PointOf } from './killed.ts'
import { commands } from './runners.ts'
import { timedOut } from './sleepers.ts'

const title = 'with an upcaster: '
const commits = 24
const shares = 2
const { createTopics, initProducerId, produce, endTxn } = apiKeys

const points: Readonly<Record<string, PointOf>> = {
  'dead-letter topic created, unanswered': () => ({ apiKey: createTopics, when: 'unanswered', earlier: 1 }),
  'running stored, unanswered': atStep('state running', 'unanswered'),
  'writer opened': atRequest(initProducerId, 'answered', shares),
  'block written, unanswered': atRequest(produce, 'unanswered', commits),
  'before a commit': atRequest(endTxn, 'before', commits),
  'commit done, unanswered': atRequest(endTxn, 'unanswered', commits),
  'commit answered': atRequest(endTxn, 'answered', commits),
  'before a share is finished': atStep('share finished', 'before'),
  'share finished, unanswered': atStep('share finished', 'unanswered'),
}

/** Replays whose upcaster changes, drops, splits and fails records: target and dead letters are written as one. */
export const changedReplays: Scenario[] = [
  ...killed(title, changedWork, points, ['commit done, unanswered']),
  killedAgainAndAgain(title, changedWork, fivePoints(shares)),
  commands(2, 0, title, changedWork),
  timedOut('a block', produce, 1_500, { title, open: changedWork }),
  timedOut('a commit', endTxn, 1_500, { title, open: changedWork }),
  {
    name: `replay: ${title}the broker is killed amid a commit, and started again`,
    rounds: { full: 5, short: 0 },
    run: (round) => live(round, changedWork, { apiKey: endTxn, happens: restart }),
  },
]
