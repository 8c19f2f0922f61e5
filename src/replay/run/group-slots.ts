import { createHash } from 'node:crypto'
import type { EventLog } from '../../ports/event-log.ts'
import type { WorkMember } from '../../ports/group-membership.ts'
import type { Log } from '../../ports/log.ts'
import type { WorkSlots } from './work-slots.ts'

/** More than there will be instances, so that a replay's shares spread evenly over them. */
const slots = 48
const stride = 13
/** The least that brokers allow unless told otherwise: so long does a killed instance's work stand still. */
const sessionTimeoutMs = 6_000

/**
 * Divides the replays of an archive among the instances that have joined, by a group at the broker. Until it joins, all
 * work is its own: a command that replays is alone with what it was told.
 */
export class GroupSlots implements WorkSlots {
  readonly #eventLog: EventLog
  readonly #log: Log
  readonly #group: string
  #member: Promise<WorkMember> | null = null
  /** Null: all. */
  #mine: ReadonlySet<number> | null = null
  #listener: () => Promise<void> = () => Promise.resolve()

  /** `archive` is the store's URL: instances with the same archive work together. */
  constructor(eventLog: EventLog, archive: string, log: Log) {
    this.#eventLog = eventLog
    this.#log = log
    this.#group = `coldstream-replays-${createHash('sha256').update(archive).digest('hex').slice(0, 12)}`
  }

  async join(): Promise<void> {
    this.#mine = new Set()
    this.#member ??= this.#eventLog.joinWork({
      ...{ group: this.#group, slots, sessionTimeoutMs },
      listener: {
        assigned: (mine) => this.#assign(new Set(mine)),
        failed: (error) => {
          // running what others run too does no harm; running nothing would
          this.#log.error('replays cannot be divided among instances, this one runs all', { reason: error.message })
          void this.#assign(null)
        },
      },
    })
    await this.#member
  }

  has(replay: string, share: number): boolean {
    return this.#mine === null || this.#mine.has(slotOf(replay, share))
  }

  onChange(listener: () => Promise<void>): void {
    this.#listener = listener
  }

  async close(): Promise<void> {
    const member = await this.#member
    await member?.leave()
  }

  async #assign(mine: ReadonlySet<number> | null): Promise<void> {
    this.#mine = mine
    await this.#listener()
  }
}

/**
 * Shares of one replay are in slots so far apart that they spread evenly both where members have every second or third
 * slot and where they have runs of them: one that joins takes over the last ones. Replays begin anywhere.
 */
function slotOf(replay: string, share: number): number {
  return (createHash('sha256').update(replay).digest().readUInt32BE(0) + share * stride) % slots
}
