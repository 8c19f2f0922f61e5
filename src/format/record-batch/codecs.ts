import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ColdstreamError } from '../../errors.ts'
import type { Codec } from '../../ports/record-block.ts'
import { compressLz4Frame, decompressLz4Frame } from './lz4-frame.ts'
import { notDecompressible, payloadTooLarge } from './payload-errors.ts'
import { Scratch } from './scratch.ts'
import { compressXerial, decompressSnappy } from './snappy-xerial.ts'

/** Bound on a decompressed payload when the caller names none: far above what a real batch holds, below what hurts. */
export const defaultMaxPayloadBytes: number = 256 * 1024 * 1024

/** Output pieces of zlib's synchronous calls; larger than the default of 16 KiB, which costs a third of the speed. */
const chunkSize = 256 * 1024

/**
 * Decompresses a batch's payload. `none` gives the payload itself, anything else other memory. Throws
 * DamagedDataError `payload-too-large` when it would grow over `maxBytes`, before the memory is taken, and
 * `payload-not-decompressible` when the bytes are not of that codec. `scratch` may lend memory for the result, which then
 * is overwritten by the next one.
 */
export function decompress(
  codec: Codec,
  payload: Uint8Array,
  maxBytes: number,
  scratch: Scratch = new Scratch(0),
): Buffer {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  try {
    switch (codec) {
      case 'none':
        if (bytes.length > maxBytes) throw payloadTooLarge(maxBytes)
        return bytes
      case 'gzip':
        return gunzipSync(bytes, { maxOutputLength: maxBytes, chunkSize })
      case 'zstd':
        return zstdDecompressSync(bytes, { maxOutputLength: maxBytes, chunkSize })
      case 'snappy':
        return decompressSnappy(bytes, maxBytes)
      case 'lz4':
        return decompressLz4Frame(bytes, maxBytes, scratch)
    }
  } catch (error) {
    if (error instanceof ColdstreamError) throw error
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw payloadTooLarge(maxBytes)
    }
    throw notDecompressible(codec, error instanceof Error ? error.message : String(error), error)
  }
}

/** Compresses a batch's payload the way Kafka's clients do, so that every client reads it. */
export function compress(codec: Codec, payload: Uint8Array): Uint8Array {
  switch (codec) {
    case 'none':
      return payload
    case 'gzip':
      return gzipSync(payload)
    case 'zstd':
      // Level 3, the default, is slower and measured no smaller on event data.
      return zstdCompressSync(payload, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
    case 'snappy':
      return compressXerial(payload)
    case 'lz4':
      return compressLz4Frame(payload)
  }
}
