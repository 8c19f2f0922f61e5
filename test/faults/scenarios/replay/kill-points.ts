import { apiKeys, killReplayAt, type ReplayPoint } from '../../kit/kill-replay-at.ts'
import { completedBy, ReplayStage } from '../../kit/replay-stage.ts'
import type { Round } from '../../kit/round.ts'
import type { Scenario } from '../../kit/scenario.ts'

/** A replay makes thirty commits; each point below comes at least so often. */
const commits = 24
const shares = 2

type When = ReplayPoint['when']
type PointOf = (round: Round) => ReplayPoint

const atStep =
  (step: string, when: When): PointOf =>
  () => ({ step, when })

/** The n-th of its kind: another one in every round. */
const atRequest =
  (apiKey: number, when: When, occurrences = 1): PointOf =>
  ({ random }) => ({ apiKey, when, earlier: Math.floor(random() * occurrences) })

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
const shortNames = new Set(['target created, unanswered', 'commit done, unanswered', 'before a share is finished'])

const once: Scenario[] = Object.entries(points).map(([name, pointOf]) => ({
  name: `replay: kill: ${name}`,
  rounds: { full: 5, short: shortNames.has(name) ? 1 : 0 },
  async run(round) {
    const stage = await ReplayStage.open(round)
    await killReplayAt(stage, pointOf(round), () => stage.replay())
    await completedBy(stage.replay())
    return stage.judge()
  },
}))

/** Every start dies at another point of its work until one is left alone. */
const again: Scenario = {
  name: 'replay: kill: again and again',
  rounds: { full: 5, short: 0 },
  async run(round) {
    const stage = await ReplayStage.open(round)
    const { produce, initProducerId, endTxn } = apiKeys
    const few = 4
    for (const [apiKey, when] of [
      [endTxn, 'unanswered'],
      [initProducerId, 'answered'],
      [produce, 'unanswered'],
      [endTxn, 'before'],
      [endTxn, 'unanswered'],
    ] as const) {
      const occurrences = apiKey === initProducerId ? shares : few
      await killReplayAt(stage, atRequest(apiKey, when, occurrences)(round), () => stage.replay())
    }
    await completedBy(stage.replay())
    return stage.judge()
  },
}

/** A command that dies by SIGKILL exactly there, and the same command again. */
export const replayKillPoints: Scenario[] = [...once, again]
