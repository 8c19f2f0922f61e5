import { DamagedDataError, InvalidInputError } from '../../errors.ts'

/** The bytes at `path` are no whole segment: `what` completes "The segment is damaged: …". */
export function damagedSegment(path: string, what: string, cause?: unknown): DamagedDataError {
  return new DamagedDataError('segment-damaged', `The segment ${path} is damaged: ${what}.`, {
    remedy: 'Restore the object from a copy, and run `coldstream verify` to see which offsets it holds.',
    cause,
    details: { path },
  })
}

/** The file at `path` may be good Parquet, but is none that Coldstream wrote. */
export function foreignSegment(path: string, what: string): InvalidInputError {
  return new InvalidInputError('segment-foreign', `The file ${path} is no segment of Coldstream: ${what}.`, {
    remedy: 'Name a segment of the archive, or read the file with another Parquet reader.',
    details: { path },
  })
}
