import { compressSync, uncompressSync } from 'lz4-napi'
import { notDecompressible, payloadTooLarge } from './payload-errors.ts'
import type { Scratch } from './scratch.ts'

/**
 * LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), walked here and handed to the library block
 * by block: that bounds the output at every step, which the library's own frame decoder does not, and is five times
 * faster. Frame checksums are not verified on reading: the batch's CRC32C covers the same bytes.
 */
const frameMagic = 0x184d2204
/** Frame header as Kafka's clients write it: independent blocks of 64 KiB, no checksums; the last byte is its hash. */
const frameHeader = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82])
const writtenBlockBytes = 64 * 1024
/** Set in a block's size when its data is not compressed. */
const storedBit = 0x80000000
/** How far back a dependent block may refer. */
const windowBytes = 64 * 1024
/** No LZ4 block grows by more than this factor. */
const maxRatio = 255

const flags = { dictionary: 0x01, contentChecksum: 0x04, contentSize: 0x08, blockChecksums: 0x10, independent: 0x20 }

interface FrameHeader {
  /** Where the first block begins. */
  end: number
  maxBlockBytes: number
  independent: boolean
  blockChecksumBytes: number
  contentChecksumBytes: number
}

/**
 * Decompresses exactly one frame; a frame of several blocks into memory of `scratch`. Throws DamagedDataError as
 * `decompress` does, or what the library throws.
 */
export function decompressLz4Frame(bytes: Buffer, maxBytes: number, scratch: Scratch): Buffer {
  const header = readFrameHeader(bytes)
  const parts: Buffer[] = []
  let total = 0
  let at = header.end
  for (;;) {
    const word = readWord(bytes, at)
    at += 4
    if (word === 0) break
    const size = word & ~storedBit
    if (size > header.maxBlockBytes || at + size > bytes.length) throw notDecompressible('lz4', 'a block is cut short')
    const part =
      word >= storedBit
        ? bytes.subarray(at, at + size)
        : decompressBlock(bytes.subarray(at - 4, at + size), header, parts)
    total += part.length
    if (total > maxBytes) throw payloadTooLarge(maxBytes)
    parts.push(part)
    at += size + header.blockChecksumBytes
  }
  if (at + header.contentChecksumBytes !== bytes.length) throw notDecompressible('lz4', 'the frame ends elsewhere')
  if (parts.length === 1) return parts[0]!
  const whole = scratch.take(total)
  let end = 0
  for (const part of parts) end += part.copy(whole, end)
  return whole
}

/** Compresses into one frame. */
export function compressLz4Frame(bytes: Uint8Array): Buffer {
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Buffer[] = [frameHeader]
  for (let at = 0; at < plain.length; at += writtenBlockBytes) {
    const block = plain.subarray(at, at + writtenBlockBytes)
    // The library begins a block with the plain size; a frame has the block's own size in the same four bytes.
    const sized = compressSync(block)
    const size = sized.length - 4
    if (size < block.length) {
      sized.writeUInt32LE(size, 0)
      parts.push(sized)
    } else {
      const word = Buffer.allocUnsafe(4)
      word.writeUInt32LE(block.length + storedBit)
      parts.push(word, block)
    }
  }
  parts.push(Buffer.alloc(4))
  return Buffer.concat(parts)
}

/** `sized` is the block with the four bytes before it, in which a frame has the block's own size. */
function decompressBlock(sized: Buffer, header: FrameHeader, before: readonly Buffer[]): Buffer {
  const word = sized.readUInt32LE(0)
  // The library wants the plain size in the same place, which is lent to it for the call: a copy costs more.
  sized.writeUInt32LE(Math.min(header.maxBlockBytes, (sized.length - 4) * maxRatio), 0)
  try {
    return header.independent ? uncompressSync(sized) : uncompressSync(sized, windowOf(before))
  } finally {
    sized.writeUInt32LE(word, 0)
  }
}

/** The last 64 KiB of what was decompressed so far. */
function windowOf(parts: readonly Buffer[]): Buffer {
  let first = parts.length
  for (let bytes = 0; first > 0 && bytes < windowBytes; ) {
    first -= 1
    bytes += parts[first]!.length
  }
  const tail = Buffer.concat(parts.slice(first))
  return tail.subarray(Math.max(0, tail.length - windowBytes))
}

function readFrameHeader(bytes: Buffer): FrameHeader {
  if (readWord(bytes, 0) !== frameMagic || bytes.length < frameHeader.length) {
    throw notDecompressible('lz4', 'it does not begin with an LZ4 frame')
  }
  const flag = bytes[4]!
  const sizeCode = (bytes[5]! >> 4) & 7
  if (flag >> 6 !== 1 || sizeCode < 4 || (flag & flags.dictionary) !== 0) {
    throw notDecompressible('lz4', `the frame header ${bytes.toString('hex', 4, 6)} is not one that Kafka knows`)
  }
  return {
    end: frameHeader.length + ((flag & flags.contentSize) === 0 ? 0 : 8),
    maxBlockBytes: 1 << (8 + 2 * sizeCode),
    independent: (flag & flags.independent) !== 0,
    blockChecksumBytes: (flag & flags.blockChecksums) === 0 ? 0 : 4,
    contentChecksumBytes: (flag & flags.contentChecksum) === 0 ? 0 : 4,
  }
}

function readWord(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) throw notDecompressible('lz4', 'the frame is cut short')
  return bytes.readUInt32LE(at)
}
