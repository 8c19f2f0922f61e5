/** Bytes that are copied from or to, and the same memory as words. */
export interface WordBytes {
  bytes: Buffer
  words: DataView
}

/** Copying word by word beats the call into native code, and that a loop over bytes, from eight to so many bytes (measured on Node 24). */
const maxWordwise = 192

export function wordBytes(bytes: Buffer): WordBytes {
  return { bytes, words: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}

/** Copies `length` bytes that both sides have. */
export function copyBytes(target: WordBytes, at: number, source: WordBytes, from: number, length: number): void {
  if (length < 8) {
    const to = target.bytes
    const bytes = source.bytes
    for (let i = 0; i < length; i += 1) to[at + i] = bytes[from + i]!
  } else if (length <= maxWordwise) {
    const to = target.words
    const words = source.words
    const last = length - 8
    for (let i = 0; i < last; i += 8) to.setBigInt64(at + i, words.getBigInt64(from + i))
    // The last eight bytes, some of them for the second time.
    to.setBigInt64(at + last, words.getBigInt64(from + last))
  } else source.bytes.copy(target.bytes, at, from, from + length)
}
