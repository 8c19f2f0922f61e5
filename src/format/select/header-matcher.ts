import type { BinaryColumn, HeaderColumn } from '../row-batch.ts'
import type { HeaderCriterion } from './row-criteria.ts'

/** Tells which rows have all of some headers. A row may have a header's key several times: one with the value is enough. */
export class HeaderMatcher {
  readonly #wanted: readonly { key: Buffer; value: Buffer | null }[]

  constructor(criteria: readonly HeaderCriterion[]) {
    this.#wanted = criteria.map(({ key, value }) => ({ key: Buffer.from(key), value }))
  }

  matches(headers: HeaderColumn, row: number): boolean {
    return this.#wanted.every(({ key, value }) => {
      for (let header = headers.first[row]!; header < headers.first[row + 1]!; header++) {
        if (isAt(headers.keys, header, key) && isAt(headers.values, header, value)) return true
      }
      return false
    })
  }
}

function isAt({ bytes, start, length }: BinaryColumn, i: number, wanted: Buffer | null): boolean {
  if (wanted === null) return length[i] === -1
  if (length[i] !== wanted.length) return false
  const at = start[i]!
  for (let byte = 0; byte < wanted.length; byte++) if (bytes[at + byte] !== wanted[byte]) return false
  return true
}
