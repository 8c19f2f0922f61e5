/**
 * Memory of open segments, lent out in powers of two and taken back. Hundreds of segments are open at once and each
 * grows its buffers by doubling, so what one gives back is what the next one asks for.
 */
export class BufferPool {
  /** How much memory that nobody uses is kept for later; what comes back above it is let go. */
  maxIdleBytes: number
  readonly #idle = new Map<number, Buffer[]>()
  #idleBytes = 0
  #lentBytes = 0

  constructor(options: { maxIdleBytes?: number } = {}) {
    this.maxIdleBytes = options.maxIdleBytes ?? 64 << 20
  }

  /** Bytes that are lent out now. */
  get lentBytes(): number {
    return this.#lentBytes
  }

  /** Bytes that are kept for later. */
  get idleBytes(): number {
    return this.#idleBytes
  }

  /**
   * A buffer of at least `minBytes`, on an ArrayBuffer of its own and with whatever its last user left in it.
   * The caller gives it back with `give`.
   */
  take(minBytes: number): Buffer {
    const size = Math.max(smallestBytes, 2 ** Math.ceil(Math.log2(minBytes)))
    this.#lentBytes += size
    const idle = this.#idle.get(size)?.pop()
    if (idle === undefined) return Buffer.allocUnsafeSlow(size)
    this.#idleBytes -= size
    return idle
  }

  /** Takes a buffer back; the caller must not touch it any more. */
  give(buffer: Buffer): void {
    const size = buffer.length
    this.#lentBytes -= size
    if (this.#idleBytes + size > this.maxIdleBytes) return
    this.#idleBytes += size
    const idle = this.#idle.get(size)
    if (idle === undefined) this.#idle.set(size, [buffer])
    else idle.push(buffer)
  }
}

const smallestBytes = 1024
