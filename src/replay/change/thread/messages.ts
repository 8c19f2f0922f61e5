import type { Frames } from '../frames.ts'

/** Positions besides a row of the batch: none was begun yet, all are done. */
export const notBegun = -1
export const allDone = -2

/** A batch of rows of one partition, by transfer. */
export interface ToUpcaster {
  topic: string
  partition: number
  frames: Frames
}

/** What the thread found in the module. */
export interface UpcasterDescription {
  version: string
  /** Empty when the module has none. */
  description: string
  accepts: 'json' | 'bytes'
  /** Of the module, or of it and what it imports. */
  sha256: string
}

/**
 * `ready` or `broken` comes first, then a `done` for each batch; `left-behind` when something fails that no event waits for,
 * such as a timer or a promise.
 */
export type FromUpcaster =
  | { kind: 'ready'; description: UpcasterDescription }
  | { kind: 'broken'; problems: readonly string[] }
  | { kind: 'done'; frames: Frames }
  | { kind: 'left-behind'; problem: string }
