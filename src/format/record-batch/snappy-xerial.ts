import { compressSync, uncompressSync } from 'snappy'
import { notDecompressible, payloadTooLarge } from './payload-errors.ts'

/**
 * Snappy as Kafka uses it: xerial's framing (https://github.com/xerial/snappy-java: magic, version, compatible version,
 * then chunks, each a big-endian length and a raw Snappy block), or one raw block without any frame as some clients write.
 */
const xerialHeader = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
const xerialMagic = xerialHeader.subarray(0, 8)
const writtenChunkBytes = 32 * 1024

/** Decompresses either form. Throws DamagedDataError as `decompress` does, or what the library throws. */
export function decompressSnappy(bytes: Buffer, maxBytes: number): Buffer {
  if (!bytes.subarray(0, xerialMagic.length).equals(xerialMagic)) return decompressBlock(bytes, maxBytes)
  const parts: Buffer[] = []
  let total = 0
  let at = xerialHeader.length
  while (at < bytes.length) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32BE(at) : Number.POSITIVE_INFINITY
    if (end > bytes.length) throw notDecompressible('snappy', 'a chunk is cut short')
    const part = decompressBlock(bytes.subarray(at + 4, end), maxBytes - total)
    total += part.length
    parts.push(part)
    at = end
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total)
}

/** Compresses into xerial's framing. */
export function compressXerial(bytes: Uint8Array): Buffer {
  const parts: Buffer[] = [xerialHeader]
  for (let at = 0; at < bytes.length; at += writtenChunkBytes) {
    const chunk = compressSync(bytes.subarray(at, at + writtenChunkBytes))
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(chunk.length)
    parts.push(length, chunk)
  }
  return Buffer.concat(parts)
}

function decompressBlock(block: Buffer, maxBytes: number): Buffer {
  // The library takes as much memory as the block claims to need, so the claim is checked first.
  if (claimedBytes(block) > maxBytes) throw payloadTooLarge(maxBytes)
  // Copying the output is four times faster than handing its memory over.
  const plain = uncompressSync(block, { asBuffer: true, copyOutputData: true })
  return typeof plain === 'string' ? Buffer.from(plain) : plain
}

/** The decompressed size that a raw block begins with, an unsigned varint of at most five bytes. */
function claimedBytes(block: Buffer): number {
  let claimed = 0
  for (let index = 0; index < 5; index += 1) {
    const byte = block[index]
    if (byte === undefined) break
    claimed += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return claimed
  }
  throw notDecompressible('snappy', 'a block does not begin with its size')
}
