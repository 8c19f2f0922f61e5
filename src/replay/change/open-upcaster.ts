import { AbortedError, InvalidInputError } from '../../errors.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import type { ChangedRow } from './changed-row.ts'
import { changedRowsOf, framesOf, type RowRange, rowRanges } from './row-frames.ts'
import { findUpcaster } from './upcaster-files.ts'
import type { UpcasterLimits } from './upcaster-host.ts'
import type { UpcasterIdentity } from './upcaster-identity.ts'
import { UpcasterThreads } from './upcaster-threads.ts'

/** Where upcasters are, and what they may take. */
export interface UpcasterSettings extends UpcasterLimits {
  /** Absolute path; null: none is configured. */
  folder: string | null
  /** Of one opened upcaster, at most. */
  threads: number
}

/** Where rows are from; an upcaster is told. */
export interface RowPlace {
  topic: string
  partition: number
}

/** So often the upcaster may be stopped within a few thousand rows; each time takes as long as the time limit. */
const maxStops = 3

/**
 * Finds the module, loads it and keeps threads for it until it is closed. `expected` is what the replay began with, null at
 * its beginning. Throws as `findUpcaster`; InvalidInputError `upcaster-broken`; ConflictError `upcaster-changed`.
 */
export async function openUpcaster(
  name: string,
  settings: UpcasterSettings,
  expected: UpcasterIdentity | null,
): Promise<OpenUpcaster> {
  const file = await findUpcaster(settings.folder, name)
  return new OpenUpcaster(await UpcasterThreads.open(file, settings, expected), settings)
}

/** An upcaster in its threads. Partitions may use it side by side. */
export class OpenUpcaster {
  readonly #threads: UpcasterThreads
  readonly #settings: UpcasterSettings

  constructor(threads: UpcasterThreads, settings: UpcasterSettings) {
    this.#threads = threads
    this.#settings = settings
  }

  get identity(): UpcasterIdentity {
    return this.#threads.identity
  }

  /**
   * What rows `[from, to)` become, in their order; the records are memory of their own. The batch is read until then.
   * Throws InvalidInputError `upcaster-stopped` when the module ends its threads again and again or while it had nothing to
   * do, ConflictError `upcaster-changed` when it was changed meanwhile, AbortedError `upcaster-closed`.
   */
  async upcast(place: RowPlace, rows: RowBatch, from: number, to: number): Promise<ChangedRow[]> {
    const ranges = [...rowRanges(rows, from, to)]
    const parts = await Promise.allSettled(ranges.map((range) => this.#upcastRange(place, rows, range)))
    return parts.flatMap((part) => {
      if (part.status === 'rejected') throw part.reason
      return part.value
    })
  }

  /** Ends the threads, and what is being upcast with AbortedError `upcaster-closed`. */
  async close(): Promise<void> {
    await this.#threads.close(
      new AbortedError('upcaster-closed', `The upcaster ${this.identity.name} was closed.`, {
        remedy: 'Start the replay again to go on.',
      }),
    )
  }

  async #upcastRange(place: RowPlace, rows: RowBatch, range: RowRange): Promise<ChangedRow[]> {
    const failures = new Map<number, string>()
    for (let stops = 1; ; stops += 1) {
      const outcome = await this.#threads.run(() => ({ ...place, frames: framesOf(rows, range, failures) }))
      if (outcome.kind === 'done') return withFailures(changedRowsOf(outcome.frames), failures)
      const { row, reason } = outcome
      const offset = rows.offset[row ?? range.from]!
      this.#settings.log.warn('an upcaster was stopped', { upcaster: this.identity.name, ...place, offset, reason })
      if (stops === maxStops) {
        const error = this.#keepsStopping(place, offset, reason)
        this.#threads.fail(error)
        throw error
      }
      if (row !== null) failures.set(row, reason)
    }
  }

  #keepsStopping({ topic, partition }: RowPlace, offset: bigint, reason: string): InvalidInputError {
    const { name } = this.identity
    return new InvalidInputError(
      'upcaster-stopped',
      `The upcaster ${name} had to be stopped ${maxStops} times, at last at offset ${offset} of ${topic} partition ${partition}: ${reason}`,
      {
        remedy: 'Correct the module, or raise its limits in replay.upcasters of the configuration.',
        details: { upcaster: name, topic, partition, offset: String(offset) },
      },
    )
  }
}

function withFailures(changed: ChangedRow[], failures: ReadonlyMap<number, string>): ChangedRow[] {
  if (failures.size === 0) return changed
  const failed = [...failures].map(([row, failure]) => ({ row, failure }))
  return [...changed, ...failed].sort((a, b) => a.row - b.row)
}
