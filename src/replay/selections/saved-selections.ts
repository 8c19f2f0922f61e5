import { randomUUID } from 'node:crypto'
import { concurrently } from '../../catalog/concurrently.ts'
import { NumberedLog } from '../../catalog/numbered-log.ts'
import { NotFoundError, UnavailableError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { readSelection, type Selection, selectionToJson } from '../request/selection.ts'
import { type Members, quote, Shape } from '../request/shape.ts'
import { decodeSelectionEntry, encodeSelectionEntry, type SelectionEntry } from './selection-entry.ts'

/** A name for what replays select: JSON-ready. */
export interface SavedSelection {
  name: string
  /** As the `source` of a replay takes it. */
  source: Members
  /** When it was saved so, ISO 8601 UTC. */
  savedAt: string
}

const prefix = 'selections/'

/**
 * Selections that the archive keeps by name, one log each. A replay takes what a name stands for when it is created; what
 * becomes of the name later does not concern it.
 */
export class SavedSelections {
  readonly #store: ObjectStore
  readonly #clock: Clock

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Sorted by name. */
  async list(): Promise<SavedSelection[]> {
    const names = new Set<string>()
    for await (const { path } of this.#store.list(prefix)) {
      const name = /^selections\/([^/]+)\/\d{20}\.json$/.exec(path)?.[1]
      if (isSelectionName(name)) names.add(name)
    }
    const found = await concurrently([...names].sort(), 8, async (name) => saved(name, (await this.#last(name)).entry))
    return found.filter((selection) => selection !== null)
  }

  /** Throws NotFoundError `selection-not-found`. */
  async load(name: string): Promise<SavedSelection> {
    const selection = isSelectionName(name) ? saved(name, (await this.#last(name)).entry) : null
    if (selection === null) throw notFound(name)
    return selection
  }

  /**
   * Gives the selection that `json` describes (as readSelection takes it) this name, which it takes from the one that has it.
   * Throws InvalidInputError `selection-invalid` with every problem.
   */
  async save(name: string, json: unknown): Promise<SavedSelection> {
    const shape = new Shape()
    if (!isSelectionName(name)) {
      shape.problems.push(
        `name: must be 1 to 64 of a-z, 0-9 and "-", beginning and ending with a letter or digit, not ${quote(name)}`,
      )
    }
    const source = readSelection(json, 'source', shape)
    shape.finish('selection-invalid', 'The selection cannot be saved', 'Correct it and send it again.')
    const entry = await this.#write(name, source)
    return saved(name, entry)!
  }

  /** Forgets the name. Throws NotFoundError `selection-not-found`. */
  async delete(name: string): Promise<void> {
    await this.load(name)
    await this.#write(name, null)
  }

  /** Makes this the last entry, unless the last one says so already. */
  async #write(name: string, source: Selection | null): Promise<SelectionEntry> {
    const log = this.#log(name)
    for (let tried = -1; ; ) {
      const { count, entry: last } = await this.#last(name)
      if (last !== null && textOf(last.source) === textOf(source)) return last
      if (count <= tried) throw listingLags(log.path(tried))
      const at = new Date(this.#clock.nowMs()).toISOString()
      const entry: SelectionEntry = { seq: count, writer: randomUUID(), at, source }
      if ((await log.append(count, encodeSelectionEntry(entry))) === 'appended') return entry
      tried = count
    }
  }

  async #last(name: string): Promise<{ count: number; entry: SelectionEntry | null }> {
    const log = this.#log(name)
    const count = await log.count()
    if (count === 0) return { count, entry: null }
    return { count, entry: decodeSelectionEntry(log.path(count - 1), await log.read(count - 1)) }
  }

  #log(name: string): NumberedLog {
    return new NumberedLog(this.#store, `${prefix}${name}/`)
  }
}

/** Whether the text can name a selection: it becomes a folder in the store. */
function isSelectionName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(name)
}

function saved(name: string, entry: SelectionEntry | null): SavedSelection | null {
  if (entry === null || entry.source === null) return null
  return { name, source: selectionToJson(entry.source), savedAt: entry.at }
}

function textOf(source: Selection | null): string {
  return JSON.stringify(source === null ? null : selectionToJson(source))
}

function notFound(name: string): NotFoundError {
  return new NotFoundError('selection-not-found', `there is no saved selection ${quote(name)}`, {
    remedy: 'List the selections to see their names.',
  })
}

function listingLags(object: string): UnavailableError {
  return new UnavailableError('store-listing-lags', `the store does not list ${object}, which is there`, {
    remedy: 'Use a store whose listings show an object as soon as it is written.',
    details: { object },
  })
}
