/** High words below this, on either side of zero, keep microseconds within what a double holds exactly. */
const exactHighWord = 2 ** 21

/**
 * Reads a column of microseconds as milliseconds without making a bigint per row, which would cost more than the rest
 * of a record: the 64-bit values are seen as pairs of 32-bit words.
 */
export class MillisColumn {
  #column: BigInt64Array = new BigInt64Array(0)
  #words: Int32Array = new Int32Array(0)

  /** Milliseconds of a row, rounded down. */
  at(column: BigInt64Array, row: number): number {
    if (column !== this.#column) this.#look(column)
    // Every platform that Node supports has the low word first.
    const high = this.#words[2 * row + 1]!
    if (high < exactHighWord && high >= -exactHighWord) {
      return Math.floor((high * 0x100000000 + (this.#words[2 * row]! >>> 0)) / 1000)
    }
    const micros = column[row]!
    const millis = micros / 1000n
    return Number(micros % 1000n < 0n ? millis - 1n : millis)
  }

  #look(column: BigInt64Array): void {
    this.#column = column
    this.#words = new Int32Array(column.buffer, column.byteOffset, column.length * 2)
  }
}
