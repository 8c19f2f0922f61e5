import { createHash, hash } from 'node:crypto'
import { DamagedDataError, NotFoundError } from '../../errors.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { OffsetPicker } from './offset-picker.ts'

/** Objects up to this size are fetched once and kept; larger ones are hashed piece by piece, then read by ranges. */
const maxKeptBytes = 32 * 1024 * 1024
const pieceBytes = 8 * 1024 * 1024

/** Bytes `[start, end)` of an object. */
export type ReadBytes = (start: number, end: number) => Promise<Buffer>

/**
 * How to read parts of a segment. Reading throws DamagedDataError `segment-missing`, and `segment-damaged` when the end
 * is read and is not where it was committed.
 */
export function rangedBytes(store: ObjectStore, segment: CommittedSegment): ReadBytes {
  return (start, end) =>
    unlessMissing(segment, async () => {
      if (end < segment.bytes) return await store.getRange(segment.path, start, end)
      // One byte more than there should be: a range is clipped to its object, so it comes only if the object is longer.
      const bytes = await store.getRange(segment.path, start, end + 1)
      if (bytes.length === end - start) return bytes
      throw damagedRows(segment, `it has more or less than the ${segment.bytes} bytes that were committed`)
    })
}

/**
 * How to read a segment's bytes, after its size and checksum were compared with the commit. Throws DamagedDataError
 * `segment-damaged` or `segment-missing`.
 */
export async function verifiedBytes(store: ObjectStore, segment: CommittedSegment): Promise<ReadBytes> {
  return await unlessMissing(segment, async () => {
    if (segment.bytes > maxKeptBytes) {
      await compareByPieces(store, segment)
      return rangedBytes(store, segment)
    }
    const bytes = await store.get(segment.path)
    compareSize(segment, bytes.length)
    compareChecksum(segment, hash('sha256', bytes, 'hex'))
    return heldBytes(bytes)
  })
}

/** How to read a copy of a segment; null where there is none that is what was committed, or it is too large to be held. */
export async function verifiedCopy(
  segment: CommittedSegment,
  copies: Pick<OffsetPicker, 'copyOf'>,
): Promise<ReadBytes | null> {
  if (segment.bytes > maxKeptBytes) return null
  const bytes = await copies.copyOf(segment)
  return bytes !== null && hash('sha256', bytes, 'hex') === segment.sha256 ? heldBytes(bytes) : null
}

/** Throws DamagedDataError `segment-missing` where `work` finds that the segment's object is not there. */
export async function unlessMissing<T>(segment: CommittedSegment, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof NotFoundError && error.code === 'object-not-found' ? missing(segment, error) : error
  }
}

function heldBytes(bytes: Buffer): ReadBytes {
  return (start, end) => Promise.resolve(bytes.subarray(start, end))
}

/** The error for a segment whose rows are not what the commit log says. */
export function damagedRows(segment: CommittedSegment, what: string, cause?: unknown): DamagedDataError {
  return new DamagedDataError('segment-damaged', `${describe(segment)} does not hold together: ${what}`, {
    remedy: restore,
    cause,
    details: where(segment),
  })
}

const restore =
  'Restore the object from a backup or an older version in the object store, then start the replay again with the same id; or leave these offsets out under a new id.'

async function compareByPieces(store: ObjectStore, segment: CommittedSegment): Promise<void> {
  const found = await store.head(segment.path)
  if (found === null) throw missing(segment)
  compareSize(segment, found.bytes)
  const sha256 = createHash('sha256')
  for (let start = 0; start < segment.bytes; start += pieceBytes) {
    sha256.update(await store.getRange(segment.path, start, Math.min(segment.bytes, start + pieceBytes)))
  }
  compareChecksum(segment, sha256.digest('hex'))
}

function compareSize(segment: CommittedSegment, bytes: number): void {
  if (bytes !== segment.bytes) throw damagedRows(segment, `it has ${bytes} bytes where ${segment.bytes} were committed`)
}

function compareChecksum(segment: CommittedSegment, sha256: string): void {
  if (sha256 !== segment.sha256) throw damagedRows(segment, `its SHA-256 is ${sha256}, committed was ${segment.sha256}`)
}

function missing(segment: CommittedSegment, cause?: unknown): DamagedDataError {
  const facts = { remedy: restore, cause, details: where(segment) }
  return new DamagedDataError('segment-missing', `${describe(segment)} is not in the store`, facts)
}

function describe({ path, firstOffset, lastOffset }: CommittedSegment): string {
  return `the segment ${path} (offsets ${firstOffset} to ${lastOffset})`
}

function where({ path, firstOffset, lastOffset }: CommittedSegment): Record<string, string> {
  return { object: path, firstOffset: String(firstOffset), lastOffset: String(lastOffset) }
}
