import { createHash } from 'node:crypto'
import type { SegmentSource } from '../../format/parquet/index.ts'
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts'

/** Bytes held at once while an object is read through. */
const PIECE_BYTES = 8 * 1024 * 1024

/** The object as a describer reads it. */
export function sourceOf(store: ObjectStore, { path, bytes }: ObjectInfo): SegmentSource {
  return { path, bytes, read: (start, end) => store.getRange(path, start, end) }
}

/** SHA-256 of the whole object, hex; read piece by piece. */
export async function sha256Of(store: ObjectStore, { path, bytes }: ObjectInfo): Promise<string> {
  const hash = createHash('sha256')
  for (let start = 0; start < bytes; start += PIECE_BYTES) {
    hash.update(await store.getRange(path, start, Math.min(bytes, start + PIECE_BYTES)))
  }
  return hash.digest('hex')
}
