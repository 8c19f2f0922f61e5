/**
 * Memory for what is looked at once and then forgotten. A fresh buffer for each would cost more than filling it, because
 * the system hands out its pages one by one.
 */
export class Scratch {
  readonly #maxKeptBytes: number
  #bytes: Buffer = Buffer.alloc(0)

  /** What needs more than `maxKeptBytes` gets memory of its own. */
  constructor(maxKeptBytes: number = 16 << 20) {
    this.#maxKeptBytes = maxKeptBytes
  }

  /** So many bytes, with anything in them; what was taken before is overwritten from now on. */
  take(bytes: number): Buffer {
    if (bytes > this.#maxKeptBytes) return Buffer.allocUnsafeSlow(bytes)
    if (bytes > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(Math.min(this.#maxKeptBytes, 2 * bytes))
    return this.#bytes.subarray(0, bytes)
  }
}
