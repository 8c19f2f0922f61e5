import { crc32 } from 'node:zlib'
import type { ParquetCodec } from '../log-entry.ts'
import { decompressPage } from './codec.ts'
import { foreignSegment } from './damage.ts'
import { maxRowGroupRows } from './schema.ts'
import { readThriftStruct } from './thrift-struct.ts'

/** A page after decompression. */
export interface DecodedPage {
  /** Levels and values. */
  body: Buffer
  entries: number
}

/** A page as it is stored. */
export interface StoredPage {
  compressed: Buffer
  /** After decompression. */
  bytes: number
  entries: number
}

/** All places in a column are signed 32-bit numbers. */
const maxChunkBytes = 2 ** 31 - 1

/**
 * The pages of a column chunk, or of a part of one, whose bytes `stored` are exactly, each held to its CRC-32; `entries`
 * is how many they have together, null when nobody says. Throws RangeError when they do not hold together, and
 * InvalidInputError `segment-foreign` for pages that a segment never has.
 */
export function* storedPages(stored: Buffer, entries: number | null, path: string): Generator<StoredPage, void> {
  let found = 0
  let bytes = 0
  for (let at = 0; at < stored.length; ) {
    const { struct: header, end } = readThriftStruct(stored, at)
    if (header.int(1) !== 0) throw foreignSegment(path, `it has pages of type ${header.int(1)}`)
    const page = header.struct(5)
    const encodings = [page.int(2), page.int(3), page.int(4)].join()
    if (encodings !== '0,3,3') throw foreignSegment(path, `it has pages of encodings ${encodings}`)
    const pageBytes = header.int(2)
    const storedBytes = header.int(3)
    if (storedBytes < 0 || storedBytes > stored.length - end) throw new RangeError('a page ends beyond its column')
    bytes += pageBytes
    if (pageBytes < 0 || bytes > maxChunkBytes) throw new RangeError(`a page of ${pageBytes} bytes is not possible`)
    const count = page.int(1)
    // Every entry is a row or has a header key, which takes four bytes at least.
    if (count < 0 || count > maxRowGroupRows + pageBytes / 4) throw new RangeError(`a page has ${count} entries`)
    at = end + storedBytes
    const compressed = stored.subarray(end, at)
    if (crc32(compressed) !== header.int(4) >>> 0) throw new RangeError('the checksum of a page is wrong')
    found += count
    yield { compressed, bytes: pageBytes, entries: count }
  }
  if (entries !== null && found !== entries)
    throw new RangeError(`a column has ${found} entries where ${entries} were announced`)
}

/** Throws RangeError or the codec's error when the page does not hold together. */
export async function decodePage(
  { compressed, bytes, entries }: StoredPage,
  codec: ParquetCodec,
): Promise<DecodedPage> {
  return { body: await decompressPage(codec, compressed, bytes), entries }
}
