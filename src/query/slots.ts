import { UnavailableError } from '../errors.ts'

/** Lets so many queries run at a time; the others wait in line, and one too many is sent away. */
export class Slots {
  #free: number
  readonly #maxWaiting: number
  readonly #line = new Set<() => void>()

  constructor(slots: number, maxWaiting: number) {
    this.#free = slots
    this.#maxWaiting = maxWaiting
  }

  /** Resolves with what gives the slot back (once). Throws UnavailableError `queries-busy`, or the signal's reason. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#wait(signal)
    let held = true
    return () => {
      if (held) this.#give()
      held = false
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#line.size >= this.#maxWaiting) {
      throw new UnavailableError('queries-busy', `${this.#line.size} queries wait already.`, {
        remedy: 'Try again in a moment, or allow more queries at a time.',
      })
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#line.delete(enter)
        reject(signal.reason)
      }
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      this.#line.add(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #give(): void {
    const [first] = this.#line
    if (first === undefined) this.#free++
    else {
      this.#line.delete(first)
      first()
    }
  }
}
