/** Zig-zag varints as records use them. All functions that write return the place after what they wrote. */

/** Up to here a delta is coded with 32-bit arithmetic. */
const shortLimit = 2 ** 30

/** Size of a 32-bit number. */
export function varintBytes(value: number): number {
  const coded = ((value << 1) ^ (value >> 31)) >>> 0
  if (coded < 0x80) return 1
  if (coded < 0x4000) return 2
  if (coded < 0x200000) return 3
  return coded < 0x10000000 ? 4 : 5
}

/** Writes a 32-bit number. */
export function writeVarint(bytes: Buffer, start: number, value: number): number {
  let coded = ((value << 1) ^ (value >> 31)) >>> 0
  let at = start
  while (coded >= 0x80) {
    bytes[at] = (coded & 0x7f) | 0x80
    at += 1
    coded >>>= 7
  }
  bytes[at] = coded
  return at + 1
}

/** Size of the difference of two integers, exact for any two dates. */
export function differenceBytes(minuend: number, subtrahend: number): number {
  const difference = minuend - subtrahend
  if (difference > -shortLimit && difference < shortLimit) return varintBytes(difference)
  let size = 1
  for (let coded = zigzagDifference(minuend, subtrahend); coded >= 0x80n; coded >>= 7n) size += 1
  return size
}

/** Writes what `differenceBytes` measures. */
export function writeDifference(bytes: Buffer, start: number, minuend: number, subtrahend: number): number {
  const difference = minuend - subtrahend
  if (difference > -shortLimit && difference < shortLimit) return writeVarint(bytes, start, difference)
  let coded = zigzagDifference(minuend, subtrahend)
  let at = start
  for (; coded >= 0x80n; coded >>= 7n) {
    bytes[at] = Number(coded & 0x7fn) | 0x80
    at += 1
  }
  bytes[at] = Number(coded)
  return at + 1
}

function zigzagDifference(minuend: number, subtrahend: number): bigint {
  const exact = BigInt(minuend) - BigInt(subtrahend)
  return BigInt.asUintN(64, (exact << 1n) ^ (exact >> 63n))
}

/** Reads a 32-bit number at `at`; the next place is `at` plus its `varintBytes`. Only for bytes that were checked. */
export function readVarint(bytes: Uint8Array, at: number): number {
  let coded = 0
  for (let shift = 0, place = at; shift < 35; shift += 7, place += 1) {
    const byte = bytes[place]!
    coded |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  return (coded >>> 1) ^ -(coded & 1)
}
