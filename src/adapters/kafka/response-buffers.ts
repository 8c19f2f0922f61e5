/**
 * Memory of fetch responses, used again and again: a fresh buffer of some megabytes for each costs more than the copy
 * into it, because the system hands out its pages one by one.
 */
export class ResponseBuffers {
  readonly #maxKeptBytes: number
  #idle: Buffer[] = []

  /** `maxKeptBytes`: a buffer that had to grow beyond it is let go after its use. */
  constructor(maxKeptBytes: number) {
    this.#maxKeptBytes = maxKeptBytes
  }

  /** A buffer of exactly so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    const index = this.#idle.findIndex((buffer) => buffer.length >= bytes)
    if (index >= 0) return this.#idle.splice(index, 1)[0]!.subarray(0, bytes)
    // One that is too small goes, so that a few large ones stay.
    this.#idle.pop()
    return Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(this.#maxKeptBytes, 2 * bytes))).subarray(0, bytes)
  }

  /** Takes back what `take` gave; nobody may look at it any more. */
  give(buffer: Buffer): void {
    if (buffer.buffer.byteLength > this.#maxKeptBytes) return
    this.#idle.push(Buffer.from(buffer.buffer))
    // The largest last is where the too small one is looked for first.
    this.#idle.sort((a, b) => b.length - a.length)
  }
}
