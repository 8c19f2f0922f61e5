const stepBytes = 64 * 1024
/** Of idle memory, at most so much is kept. */
const maxIdleBytes = 16 * 1024 * 1024

/**
 * Lends memory for batches and takes it back when they are stored. Batches in memory of their own would have the garbage
 * collector look through all of the heap every few dozen of them, because such memory counts as pressure on it.
 */
export class BatchMemory {
  /** What is lent, by what was cut from it. */
  readonly #lent: Map<Buffer, Buffer> = new Map()
  readonly #idle: Buffer[] = []
  #idleBytes = 0

  /** So many bytes, with anything in them; small ones are not lent but given. */
  take(bytes: number): Buffer {
    if (bytes < stepBytes) return Buffer.allocUnsafe(bytes)
    const at = this.#idle.findIndex(({ length }) => length >= bytes && length <= 2 * bytes)
    const whole = at < 0 ? Buffer.allocUnsafeSlow(Math.ceil(bytes / stepBytes) * stepBytes) : this.#idle[at]!
    if (at >= 0) {
      this.#idle.splice(at, 1)
      this.#idleBytes -= whole.length
    }
    const batch = whole.subarray(0, bytes)
    this.#lent.set(batch, whole)
    return batch
  }

  /** Takes back what `take` gave; nobody may look at it any more. */
  give(batch: Buffer): void {
    const whole = this.#lent.get(batch)
    if (whole === undefined) return
    this.#lent.delete(batch)
    if (this.#idleBytes + whole.length > maxIdleBytes) return
    this.#idle.push(whole)
    this.#idleBytes += whole.length
  }

  /** What is lent stays with those who have it. */
  forgetLent(): void {
    this.#lent.clear()
  }
}
