import { createHash } from 'node:crypto'

/**
 * Which parts of the work are this instance's. It only divides: nothing goes wrong when two instances believe to have the
 * same part, or none does for a while.
 */
export interface WorkSlots {
  /** Whether a share of a replay is to be run here now. */
  has(replay: string, share: number): boolean
  /** Calls the listener when that changes; it resolves when what is not this instance's any more is let go of. */
  onChange(listener: () => Promise<void>): void
  close(): Promise<void>
}

/** For a process that is alone with its replays: all of them are its own. */
export const allSlots: WorkSlots = {
  has: () => true,
  onChange: () => undefined,
  close: () => Promise.resolve(),
}

/** Shares of one replay are in slots that follow each other, so that they spread evenly; replays begin anywhere. */
export function slotOf(replay: string, share: number, slots: number): number {
  return (createHash('sha256').update(replay).digest().readUInt32BE(0) + share) % slots
}
