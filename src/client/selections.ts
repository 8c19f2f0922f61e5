import type { SavedSelection } from '../replay/selections/saved-selections.ts'
import type { Caller, CallOptions } from './call.ts'
import type { ReplaySource } from './replay-request.ts'

/** `/v1/selections`: names for what replays select. */
export class Selections {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  async list(options: CallOptions = {}): Promise<SavedSelection[]> {
    const path = ['v1', 'selections']
    const { selections } = await this.#caller.json<{ selections: SavedSelection[] }>({
      method: 'GET',
      path,
      ...options,
    })
    return selections
  }

  /** Throws ProblemError `selection-not-found`. */
  get(name: string, options: CallOptions = {}): Promise<SavedSelection> {
    return this.#caller.json({ method: 'GET', path: ['v1', 'selections', name], ...options })
  }

  /** Takes the name from the selection that has it. */
  save(name: string, source: ReplaySource, options: CallOptions = {}): Promise<SavedSelection> {
    return this.#caller.json({ method: 'PUT', path: ['v1', 'selections', name], body: source, ...options })
  }

  async delete(name: string, options: CallOptions = {}): Promise<void> {
    await this.#caller.json({ method: 'DELETE', path: ['v1', 'selections', name], ...options })
  }
}
