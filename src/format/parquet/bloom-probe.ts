import { blockBytes, blockHolds, blockStart } from './bloom-filter.ts'
import type { ByteRange } from './byte-ranges.ts'
import { readThriftStruct } from './thrift-struct.ts'
import { xxHash64 } from './xxhash64.ts'

/** What of a bloom filter tells whether keys are in it. */
export interface BloomProbe {
  /** The filter's header, then a block for each key. */
  ranges: ByteRange[]
  /**
   * Which keys may be in the column, by the bytes of the ranges: of those that are, none is left out. Throws RangeError
   * when the header is not that of such a filter.
   */
  holds(stored: readonly Buffer[]): boolean[]
}

/** Where to look in a filter for keys. Throws RangeError when a filter cannot have this length. */
export function probeOf(filter: ByteRange, keys: readonly Buffer[]): BloomProbe {
  const bitBytes = bitBytesOf(filter)
  const bitsStart = filter.endByte - bitBytes
  const hash = new Uint32Array(2)
  const lows: number[] = []
  const ranges: ByteRange[] = [{ startByte: filter.startByte, endByte: bitsStart }]
  for (const key of keys) {
    xxHash64(key, 0, key.length, hash)
    lows.push(hash[0]!)
    const startByte = bitsStart + blockStart(hash[1]!, bitBytes)
    ranges.push({ startByte, endByte: startByte + blockBytes })
  }
  return {
    ranges,
    holds([header, ...blocks]) {
      checkHeader(header!, bitBytes)
      return blocks.map((block, i) => blockHolds(block, lows[i]!))
    },
  }
}

/** The bits of a filter that is in memory as a whole. Throws RangeError when it is none of ours. */
export function bitsOf(filter: Buffer): Buffer {
  const headerBytes = filter.length - bitBytesOf({ startByte: 0, endByte: filter.length })
  const bits = filter.subarray(headerBytes)
  checkHeader(filter.subarray(0, headerBytes), bits.length)
  return bits
}

/** Whether a filter with these bits may hold the key. */
export function bitsHold(bits: Buffer, key: Buffer): boolean {
  xxHash64(key, 0, key.length, keyHash)
  const start = blockStart(keyHash[1]!, bits.length)
  return blockHolds(bits.subarray(start, start + blockBytes), keyHash[0]!)
}

const keyHash = new Uint32Array(2)

/** The bits are a power of two of bytes, and the header before them is shorter than the smallest filter. */
function bitBytesOf({ startByte, endByte }: ByteRange): number {
  const length = endByte - startByte
  const bitBytes = 2 ** Math.floor(Math.log2(Math.max(blockBytes, length)))
  if (bitBytes > length) throw new RangeError(`a bloom filter of ${length} bytes is not possible`)
  return bitBytes
}

/** BloomFilterHeader of split blocks, xxHash and no compression. */
function checkHeader(bytes: Buffer, bitBytes: number): void {
  const { struct: header, end } = readThriftStruct(bytes, 0)
  const isOurs = [2, 3, 4].every((id) => header.struct(id).has(1))
  if (!isOurs || header.int(1) !== bitBytes || end !== bytes.length) throw new RangeError('it is no filter of ours')
}
