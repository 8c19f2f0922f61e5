/**
 * xxHash64 with seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), the hash of Parquet's bloom
 * filters. 64-bit numbers are pairs of 32-bit halves in local variables: BigInt takes a microsecond a key where this
 * takes a few dozen nanoseconds, and a call into WebAssembly would have to copy each key first.
 */

const twoTo32 = 4294967296

// The primes of the specification: high half, low half.
const p1h = 0x9e3779b1
const p1l = 0x85ebca87
const p2h = 0xc2b2ae3d
const p2l = 0x27d4eb4f
const p3h = 0x165667b1
const p3l = 0x9e3779f9
const p4h = 0x85ebca77
const p4l = 0xc2b2ae63
const p5h = 0x27d4eb2f
const p5l = 0x165667c5

/** Hashes `length` bytes at `start`; `hash[0]` becomes the low half and `hash[1]` the high half. */
export function xxHash64(bytes: Uint8Array, start: number, length: number, hash: Uint32Array): void {
  let at = start
  const end = start + length
  let high = p5h | 0
  let low = p5l | 0
  if (length >= 32) {
    at = hashStripes(bytes, start, end, hash)
    low = hash[0]! | 0
    high = hash[1]! | 0
  }
  high = addHigh(high, low, 0, length)
  low = (low + length) | 0

  let l = 0
  let h = 0
  for (; at + 8 <= end; at += 8) {
    const lane = word(bytes, at)
    h = timesHigh(word(bytes, at + 4), lane, p2h, p2l)
    l = Math.imul(lane, p2l)
    const turned = (l << 31) | (h >>> 1)
    h = (h << 31) | (l >>> 1)
    high ^= timesHigh(h, turned, p1h, p1l)
    low ^= Math.imul(turned, p1l)
    l = (low << 27) | (high >>> 5)
    h = (high << 27) | (low >>> 5)
    const product = Math.imul(l, p1l)
    high = addHigh(timesHigh(h, l, p1h, p1l), product, p4h, p4l)
    low = (product + p4l) | 0
  }
  if (at + 4 <= end) {
    const lane = word(bytes, at)
    high ^= timesHigh(0, lane, p1h, p1l)
    low ^= Math.imul(lane, p1l)
    l = (low << 23) | (high >>> 9)
    h = (high << 23) | (low >>> 9)
    const product = Math.imul(l, p2l)
    high = addHigh(timesHigh(h, l, p2h, p2l), product, p3h, p3l)
    low = (product + p3l) | 0
    at += 4
  }
  for (; at < end; at++) {
    const lane = bytes[at]!
    high ^= timesHigh(0, lane, p5h, p5l)
    low ^= Math.imul(lane, p5l)
    l = (low << 11) | (high >>> 21)
    h = (high << 11) | (low >>> 21)
    high = timesHigh(h, l, p1h, p1l)
    low = Math.imul(l, p1l)
  }

  low ^= high >>> 1
  high = timesHigh(high, low, p2h, p2l)
  low = Math.imul(low, p2l)
  low ^= (high << 3) | (low >>> 29)
  high ^= high >>> 29
  high = timesHigh(high, low, p3h, p3l)
  low = Math.imul(low, p3l)
  hash[0] = low ^ high
  hash[1] = high
}

/** The four lanes of inputs of 32 bytes and more; leaves the merged accumulator in `hash`, returns where it stopped. */
function hashStripes(bytes: Uint8Array, start: number, end: number, hash: Uint32Array): number {
  // Seeds of the lanes: prime1 + prime2, prime2, 0, -prime1; even entries are low halves.
  const lanes = new Int32Array([p1l + p2l, addHigh(p1h, p1l, p2h, p2l), p2l, p2h, 0, 0, -p1l, ~p1h])
  let at = start
  for (; at + 32 <= end; at += 32) {
    for (let i = 0; i < 8; i += 2) accumulate(lanes, i, word(bytes, at + i * 4 + 4), word(bytes, at + i * 4))
  }
  let high = 0
  let low = 0
  for (let i = 0; i < 8; i += 2) {
    const by = mergeRotations[i >>> 1]!
    const l = lanes[i]!
    const h = lanes[i + 1]!
    const turned = (l << by) | (h >>> (32 - by))
    high = addHigh(high, low, (h << by) | (l >>> (32 - by)), turned)
    low = (low + turned) | 0
  }
  const merged = new Int32Array(2)
  for (let i = 0; i < 8; i += 2) {
    merged.fill(0)
    accumulate(merged, 0, lanes[i + 1]!, lanes[i]!)
    high ^= merged[1]!
    low ^= merged[0]!
    const product = Math.imul(low, p1l)
    high = addHigh(timesHigh(high, low, p1h, p1l), product, p4h, p4l)
    low = (product + p4l) | 0
  }
  hash[0] = low
  hash[1] = high
  return at
}

const mergeRotations = [1, 7, 12, 18]

/** lane = rotate(lane + input * prime2, 31) * prime1 */
function accumulate(lanes: Int32Array, at: number, inputHigh: number, inputLow: number): void {
  const product = Math.imul(inputLow, p2l)
  const h = addHigh(lanes[at + 1]!, lanes[at]!, timesHigh(inputHigh, inputLow, p2h, p2l), product)
  const l = (lanes[at]! + product) | 0
  const turned = (l << 31) | (h >>> 1)
  lanes[at] = Math.imul(turned, p1l)
  lanes[at + 1] = timesHigh((h << 31) | (l >>> 1), turned, p1h, p1l)
}

/** High half of a sum; the low half is the sum of the low halves. */
function addHigh(high: number, low: number, otherHigh: number, otherLow: number): number {
  return (high + otherHigh + ((low >>> 0) + (otherLow >>> 0) >= twoTo32 ? 1 : 0)) | 0
}

/**
 * High half of a product; the low half is `Math.imul` of the low halves. What the low halves carry comes from their
 * floating-point product: that is off by less than 2^12, so without the exact low half and divided by 2^32 it rounds to
 * the exact carry.
 */
function timesHigh(high: number, low: number, otherHigh: number, otherLow: number): number {
  const product = (low >>> 0) * (otherLow >>> 0) - (Math.imul(low, otherLow) >>> 0)
  const carry = (product / twoTo32 + 0.5) >>> 0
  return (carry + Math.imul(high, otherLow) + Math.imul(low, otherHigh)) | 0
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
