import { promisify } from 'node:util'
import {
  constants,
  gunzip,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib'
import { compressSync as snappyCompress, uncompressSync as snappyUncompress } from 'snappy'
import type { ParquetCodec } from '../log-entry.ts'

/** Codec numbers of the Parquet specification (CompressionCodec). */
export const codecNames = {
  none: 'UNCOMPRESSED',
  snappy: 'SNAPPY',
  gzip: 'GZIP',
  zstd: 'ZSTD',
} as const satisfies Record<ParquetCodec, string>

const codecsByNumber: Readonly<Record<number, ParquetCodec>> = { 0: 'none', 1: 'snappy', 2: 'gzip', 6: 'zstd' }

/** The codec a footer's number stands for; undefined for those that segments do not use. */
export function codecOfNumber(number: number): ParquetCodec | undefined {
  return codecsByNumber[number]
}

/**
 * Compresses a page. Level 1 of zstd is both faster and smaller than level 3 on small JSON records (measured); gzip is
 * there for old readers and is kept as cheap as it goes.
 */
export function compressPage(codec: ParquetCodec, body: Buffer): Uint8Array {
  switch (codec) {
    case 'zstd':
      return zstdCompressSync(body, {
        params: { [constants.ZSTD_c_compressionLevel]: 1 },
        chunkSize: outputBytes(body),
        pledgedSrcSize: body.length,
      })
    case 'gzip':
      return gzipSync(body, { level: constants.Z_BEST_SPEED, chunkSize: outputBytes(body) })
    case 'snappy':
      return snappyCompress(body)
    case 'none':
      return body
  }
}

/** Smaller pages are decompressed at once: that takes less than handing them to another thread. */
const smallPageBytes = 48 * 1024

const unzstd = promisify(zstdDecompress)
const ungzip = promisify(gunzip)

/**
 * Restores a page of exactly `bytes` bytes. Throws whatever the library throws when the input is damaged, and
 * RangeError when it holds more or less; the caller says which page of which segment it was.
 */
export async function decompressPage(codec: ParquetCodec, compressed: Buffer, bytes: number): Promise<Buffer> {
  const page = await decompress(codec, compressed, bytes)
  if (page.length !== bytes) throw new RangeError(`${page.length} bytes where ${bytes} were expected`)
  return page
}

function decompress(codec: ParquetCodec, compressed: Buffer, bytes: number): Buffer | Promise<Buffer> {
  // One byte more than the page, so that the library sees the end without asking for a second chunk.
  const options = { chunkSize: Math.max(64, bytes + 1), maxOutputLength: Math.max(1, bytes) }
  const isSmall = bytes < smallPageBytes
  switch (codec) {
    case 'zstd':
      return isSmall ? zstdDecompressSync(compressed, options) : unzstd(compressed, options)
    case 'gzip':
      return isSmall ? gunzipSync(compressed, options) : ungzip(compressed, options)
    case 'snappy':
      return uncompressSnappy(compressed, bytes)
    case 'none':
      return compressed
  }
}

/** The library allocates what the input's head announces, so that is compared with the page header first. */
function uncompressSnappy(compressed: Buffer, bytes: number): Buffer {
  let announced = 0
  for (let i = 0; i < 5; i++) {
    const byte = compressed[i]
    if (byte === undefined) break
    announced += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) break
  }
  if (announced !== bytes) throw new RangeError(`${announced} bytes announced where ${bytes} were expected`)
  const page = snappyUncompress(compressed, { asBuffer: true })
  if (typeof page === 'string') throw new TypeError('snappy answered with a string')
  return page
}

/** Size of the output chunks: one is enough for data that shrinks to half, and never an excessive one. */
function outputBytes(body: Buffer): number {
  return Math.min(1 << 20, Math.max(1024, body.length >>> 1))
}
