/**
 * Which parts of the work are this instance's. It only divides: nothing goes wrong when two instances believe to have the
 * same part, or none does for a while.
 */
export interface WorkSlots {
  /** Begins to divide the work with the other instances. */
  join(): Promise<void>
  /** Whether a share of a replay is to be run here now. */
  has(replay: string, share: number): boolean
  /** Calls the listener when that changes; it resolves when what is not this instance's any more is let go of. */
  onChange(listener: () => Promise<void>): void
  /** Leaves the work to the others. */
  close(): Promise<void>
}

/** For a process that is alone with its replays: all of them are its own. */
export const allSlots: WorkSlots = {
  join: () => Promise.resolve(),
  has: () => true,
  onChange: () => undefined,
  close: () => Promise.resolve(),
}
