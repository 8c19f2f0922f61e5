import type { StoreAnswer, StoreHandler, StoreRequest } from '../../kit/store-proxy.ts'

/** What a write to an archive is in its commit protocol. */
export type Step = 'intent' | 'segment' | 'commit'

/** A create-if-absent of the protocol, as it passes the proxy. */
export interface ProtocolWrite {
  step: Step
  /** `<topic>/<partition>`, from the second incarnation on `<topic>+2/<partition>`; empty for segments. */
  log: string
  /** How many writes of this step came before it. */
  earlier: number
}

interface LogEntryText {
  kind: 'intend' | 'commit'
  seq: number
  next?: string
  intent?: number
}

/** Tells which step of the protocol a request is; null for reads and everything else. */
export function stepOf({ method, key, body }: StoreRequest): { step: Step; log: string; entry?: LogEntryText } | null {
  if (method !== 'PUT') return null
  if (key.startsWith('topics/')) return { step: 'segment', log: '' }
  const log = /^log\/(.+)\/\d{20}\.json$/.exec(key)?.[1]
  if (log === undefined) return null
  const entry = JSON.parse(body.toString()) as LogEntryText
  return { step: entry.kind === 'intend' ? 'intent' : 'commit', log, entry }
}

/** Follows an archive's protocol by what is written to the store, whoever writes. */
export class ArchiveWatch {
  /** Archived position by log (`<topic>/<partition>`). */
  readonly positions: Map<string, bigint> = new Map()
  readonly #intents = new Map<string, bigint>()
  readonly #waiting = new Set<() => void>()
  readonly #counts: Record<Step, number> = { intent: 0, segment: 0, commit: 0 }

  /** How many writes of this step have come. */
  count(step: Step): number {
    return this.#counts[step]
  }

  /** Wraps what decides about the protocol's writes; all other requests are passed on. */
  handler(
    decide: (write: ProtocolWrite, forward: () => Promise<StoreAnswer>) => Promise<StoreAnswer | null>,
  ): StoreHandler {
    return async (request, forward) => {
      const known = stepOf(request)
      if (known === null) return forward()
      const { step, log, entry } = known
      const earlier = this.#counts[step]
      this.#counts[step] += 1
      return decide({ step, log, earlier }, async () => {
        const answer = await forward()
        if (entry !== undefined && answer.status === 200) this.#stored(log, entry)
        return answer
      })
    }
  }

  /** Waits until `isMet` holds of what was stored; asked after every entry. */
  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** Waits until a topic's partitions are archived up to these offsets. */
  async archived(topic: string, ends: ReadonlyMap<number, bigint>): Promise<void> {
    await this.until(() => [...ends].every(([p, end]) => (this.positions.get(`${topic}/${p}`) ?? 0n) >= end))
  }

  #stored(log: string, entry: LogEntryText): void {
    if (entry.kind === 'intend') this.#intents.set(`${log}/${entry.seq}`, BigInt(entry.next ?? 0))
    else this.positions.set(log, this.#intents.get(`${log}/${entry.intent}`) ?? 0n)
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
