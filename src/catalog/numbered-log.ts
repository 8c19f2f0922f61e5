import { DamagedDataError, NotFoundError } from '../errors.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** Objects that one list request brings; S3 gives no more. */
const PAGE = 1000

/**
 * A log of objects `<prefix><seq, 20 digits>.json`, numbered from 0 without holes. Entries are never changed nor deleted: that
 * a number is taken is what stops a writer that does not know of its successor.
 */
export class NumberedLog {
  readonly #store: ObjectStore
  readonly #prefix: string

  /** `prefix` ends with `/`. */
  constructor(store: ObjectStore, prefix: string) {
    this.#store = store
    this.#prefix = prefix
  }

  /** Path of an entry's object. */
  path(seq: number): string {
    return `${this.#prefix}${seqName(seq)}.json`
  }

  /** The bytes of an entry that is there. Throws DamagedDataError `log-entry-missing` when it is not. */
  async read(seq: number): Promise<Buffer> {
    try {
      return await this.#store.get(this.path(seq))
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
      throw new DamagedDataError(
        'log-entry-missing',
        `${this.path(seq)} is missing, although later entries are there`,
        {
          remedy:
            'Restore the object from a backup or an older version in the object store; log entries must never be deleted.',
          cause: error,
          details: { object: this.path(seq) },
        },
      )
    }
  }

  /**
   * Appends the entry with number `seq`, which is the caller's idea of the next one. `lost`: another entry has that number.
   * The bytes must hold something random of the writer, so that identical bytes are its own write whose answer was lost.
   */
  async append(seq: number, bytes: Uint8Array): Promise<'appended' | 'lost'> {
    const outcome = await this.#store.createIfAbsent(this.path(seq), [bytes])
    if (outcome === 'created') return 'appended'
    return (await this.read(seq)).equals(bytes) ? 'appended' : 'lost'
  }

  /** Number of entries, when at least `known` are there: one list request for a short log, 2 log2(n / 1000) for a long one. */
  async count(known = 0): Promise<number> {
    let low = known
    let high = Number.POSITIVE_INFINITY
    let probe = low
    for (let step = PAGE; low < high; ) {
      const page = await this.#page(probe)
      if (page.entries > 0) low = page.next
      else high = probe
      if (page.entries > 0 && !page.isFull) return low
      if (high === Number.POSITIVE_INFINITY) probe = low + step
      else probe = high - low <= PAGE ? low : low + Math.floor((high - low) / 2)
      step *= 2
    }
    return low
  }

  /** The entries from number `seq` on, as far as one list request goes. */
  async #page(seq: number): Promise<{ entries: number; next: number; isFull: boolean }> {
    let listed = 0
    let entries = 0
    let next = seq
    const startAfter = seq === 0 ? this.#prefix : this.path(seq - 1)
    for await (const { path } of this.#store.list(this.#prefix, { startAfter, limit: PAGE })) {
      listed++
      const name = /^([0-9]{20})\.json$/.exec(path.slice(this.#prefix.length))
      if (!name) continue
      entries++
      next = Number(name[1]) + 1
    }
    return { entries, next, isFull: listed >= PAGE }
  }
}

/** A number as objects are named, so that names sort as numbers do. */
export function seqName(seq: number): string {
  return seq.toString().padStart(20, '0')
}
