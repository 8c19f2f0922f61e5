import { apiKeys } from '../../kit/kill-replay-at.ts'
import { plainWork } from '../../kit/replay-work.ts'
import type { Scenario } from '../../kit/scenario.ts'
import { atRequest, atStep, fivePoints, killed, killedAgainAndAgain, type PointOf } from './killed.ts'

/** A replay makes thirty commits; each point below comes at least so often. */
const commits = 24
const shares = 2

/** Every step of a replay's life, in its order. */
const points: Readonly<Record<string, PointOf>> = {
  'request stored, unanswered': atStep('request', 'unanswered'),
  'before it is pending': atStep('state pending', 'before'),
  'before it is announced': atStep('announcement', 'before'),
  'planning stored, unanswered': atStep('state planning', 'unanswered'),
  'before the target is created': atRequest(apiKeys.createTopics, 'before'),
  'target created, unanswered': atRequest(apiKeys.createTopics, 'unanswered'),
  'before running': atStep('state running', 'before'),
  'running stored, unanswered': atStep('state running', 'unanswered'),
  'running answered': atStep('state running', 'answered'),
  'before a writer is opened': atRequest(apiKeys.initProducerId, 'before', shares),
  'writer opened, unanswered': atRequest(apiKeys.initProducerId, 'unanswered', shares),
  'writer opened': atRequest(apiKeys.initProducerId, 'answered', shares),
  'first block written': atRequest(apiKeys.produce, 'answered'),
  'block written, unanswered': atRequest(apiKeys.produce, 'unanswered', commits),
  'before a commit': atRequest(apiKeys.endTxn, 'before', commits),
  'commit done, unanswered': atRequest(apiKeys.endTxn, 'unanswered', commits),
  'commit answered': atRequest(apiKeys.endTxn, 'answered', commits),
  'before a share is finished': atStep('share finished', 'before'),
  'share finished, unanswered': atStep('share finished', 'unanswered'),
  'before completed': atStep('state completed', 'before'),
  'completed stored, unanswered': atStep('state completed', 'unanswered'),
  'before its progress is forgotten': atRequest(apiKeys.deleteTopics, 'before', shares),
  'progress forgotten, unanswered': atRequest(apiKeys.deleteTopics, 'unanswered', shares),
}

/** Those that `npm test` meets. */
const short = ['target created, unanswered', 'commit done, unanswered', 'before a share is finished']

/** A command that dies by SIGKILL exactly there, and the same command again. */
export const replayKillPoints: Scenario[] = [
  ...killed('', plainWork, points, short),
  killedAgainAndAgain('', plainWork, fivePoints(shares)),
]
