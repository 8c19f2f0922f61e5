import { randomUUID } from 'node:crypto'
import { NumberedLog } from '../catalog/numbered-log.ts'
import { UnavailableError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { decodeRegistryEntry, encodeRegistryEntry, type StoredConnector } from './registry-entry.ts'

/** All connectors by name. */
type Connectors = ReadonlyMap<string, StoredConnector>

/**
 * The connectors that the archive keeps. All instances read and change the same log: one list request shows whether
 * anything was changed, and of two who change it at once the second looks again.
 */
export class ConnectorRegistry {
  readonly #log: NumberedLog
  readonly #clock: Clock
  #entries = 0
  #connectors: Connectors = new Map()

  constructor(store: ObjectStore, clock: Clock) {
    this.#log = new NumberedLog(store, 'connectors/')
    this.#clock = clock
  }

  /** As last read. */
  get connectors(): Connectors {
    return this.#connectors
  }

  /** Reads what others have changed since. Throws UnavailableError, DamagedDataError. */
  async refresh(): Promise<Connectors> {
    const entries = await this.#log.count(this.#entries)
    if (entries > this.#entries) {
      const { connectors } = decodeRegistryEntry(this.#log.path(entries - 1), await this.#log.read(entries - 1))
      this.#take(entries, connectors)
    }
    return this.#connectors
  }

  /**
   * Changes the connectors. `edit` is given what is true now and the number of the entry, and answers what shall be, or null
   * when that is so already; it may be called again with what another has changed meanwhile, and throws to refuse.
   */
  async change(
    change: string,
    edit: (connectors: Connectors, seq: number) => readonly StoredConnector[] | null,
  ): Promise<void> {
    for (;;) {
      const connectors = await this.refresh()
      const seq = this.#entries
      const changed = edit(connectors, seq)
      if (changed === null) return
      const at = new Date(this.#clock.nowMs()).toISOString()
      const entry = { seq, writer: randomUUID(), at, change, connectors: changed }
      if ((await this.#log.append(seq, encodeRegistryEntry(entry))) === 'appended') {
        this.#take(seq + 1, changed)
        return
      }
      await this.refresh()
      if (this.#entries <= seq) throw listingLags(this.#log.path(seq))
    }
  }

  /** Readers may overtake each other: only what is newer counts. */
  #take(entries: number, connectors: readonly StoredConnector[]): void {
    if (entries <= this.#entries) return
    this.#entries = entries
    this.#connectors = new Map(connectors.map((connector) => [connector.name, connector]))
  }
}

function listingLags(object: string): UnavailableError {
  return new UnavailableError('store-listing-lags', `the store does not list ${object}, which is there`, {
    remedy: 'Use a store whose listings show an object as soon as it is written.',
    details: { object },
  })
}
