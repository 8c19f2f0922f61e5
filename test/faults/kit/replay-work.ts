import type { RunningCommand } from './coldstream.ts'
import { ReplayStage, type StageOptions } from './replay-stage.ts'
import type { Round } from './round.ts'
import type { Verdict } from './scenario.ts'

/** A replay that is put through a fault. */
export interface ReplayWork {
  stage: ReplayStage
  /** Starts it, or continues it, in a process of its own. */
  start(): RunningCommand
  /** Judges what it has written when it is completed. */
  judge(): Promise<Verdict>
}

/** Makes it, on an archive of its own. */
export type OpenWork = (round: Round, options?: StageOptions) => Promise<ReplayWork>

/** All of a topic, as it is, into one target. */
export const plainWork: OpenWork = async (round, options) => {
  const stage = await ReplayStage.open(round, options)
  return { stage, start: () => stage.replay(), judge: () => stage.judge() }
}
