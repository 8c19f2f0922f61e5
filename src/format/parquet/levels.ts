/**
 * Repetition and definition levels of a data page, version 1: the RLE / bit-packing hybrid behind a 4-byte length
 * (https://github.com/apache/parquet-format/blob/master/Encodings.md#RLE). A page's levels become either one run of the
 * same level or one bit-packed run: nearly all pages are uniform, and the others pack to a bit or two an entry.
 */

/** Most bytes that `count` levels of `bitWidth` bits take. */
export function maxLevelBytes(count: number, bitWidth: number): number {
  return 4 + 5 + Math.ceil(count / 8) * bitWidth
}

/** One kind of level: its width in bits, and its level for every kind of entry that a page can hold. */
export interface LevelKind {
  bitWidth: 1 | 2
  of: Uint8Array
}

/**
 * Writes the levels of the first `count` entries at `at` of `target` and returns where they end. An entry is one byte
 * that stands for all its levels; `level.of` says which level of this kind that is.
 */
export function writeLevels(target: Buffer, at: number, entries: Buffer, count: number, level: LevelKind): number {
  const { bitWidth, of } = level
  const first = count === 0 ? 0 : of[entries[0]!]!
  let same = 1
  while (same < count && of[entries[same]!] === first) same++
  let end = at + 4
  if (same >= count) {
    end = writeVarint(target, end, count * 2)
    target[end++] = first
  } else {
    const groups = Math.ceil(count / 8)
    end = writeVarint(target, end, groups * 2 + 1)
    let pending = 0
    let bits = 0
    for (let i = 0; i < groups * 8; i++) {
      if (i < count) pending |= of[entries[i]!]! << bits
      bits += bitWidth
      if (bits === 8) {
        target[end++] = pending
        pending = 0
        bits = 0
      }
    }
  }
  target.writeUInt32LE(end - at - 4, at)
  return end
}

/** Levels of a page as they were read. */
export interface ReadLevels {
  /** The level that all entries have; -1: look at `each`. */
  same: number
  each: Uint8Array
  /** Where they end in the page. */
  end: number
}

const noLevels = new Uint8Array(0)

/**
 * Reads `count` levels of `bitWidth` 1 or 2 that begin at `at`. Throws RangeError when they do not fit the page or exceed
 * `max`.
 */
export function readLevels(page: Buffer, at: number, count: number, bitWidth: 1 | 2, max: number): ReadLevels {
  if (at + 4 > page.length) throw new RangeError('levels begin beyond the page')
  const end = at + 4 + page.readUInt32LE(at)
  if (end > page.length) throw new RangeError('levels end beyond the page')
  let each = noLevels
  let position = at + 4
  let done = 0
  while (done < count) {
    let header = 0
    for (let shift = 0; ; shift += 7) {
      if (position >= end || shift > 28) throw new RangeError('levels end in the middle of a run')
      const byte = page[position++]!
      header += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    const length = Math.floor(header / 2)
    if (length === 0) throw new RangeError('a run of levels is empty')
    if (header % 2 === 0) {
      if (position >= end) throw new RangeError('levels end in the middle of a run')
      const level = page[position++]!
      // Nearly all pages are this: one run, of which nothing has to be kept by entry.
      if (length >= count && done === 0) {
        if (level > max) throw new RangeError(`a level is above ${max}`)
        return { same: level, each, end }
      }
      if (done === 0) each = new Uint8Array(count)
      const until = Math.min(count, done + length)
      each.fill(level, done, until)
      done = until
    } else {
      if (position + length * bitWidth > end) throw new RangeError('levels end in the middle of a run')
      if (done === 0) each = new Uint8Array(count)
      const until = Math.min(count, done + length * 8)
      done = unpack(page, position, bitWidth, each, done, until)
      position += length * bitWidth
    }
  }
  for (let i = 0; i < count; i++) if (each[i]! > max) throw new RangeError(`a level is above ${max}`)
  return { same: -1, each, end }
}

function unpack(page: Buffer, at: number, bitWidth: number, levels: Uint8Array, from: number, until: number): number {
  const mask = (1 << bitWidth) - 1
  let bit = 0
  for (let i = from; i < until; i++, bit += bitWidth) levels[i] = (page[at + (bit >>> 3)]! >>> (bit & 7)) & mask
  return until
}

function writeVarint(target: Buffer, at: number, value: number): number {
  let rest = value
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}
