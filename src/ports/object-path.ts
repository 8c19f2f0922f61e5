import { InvalidInputError } from '../errors.ts'

/** S3's limit for a key, prefix included. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const maxObjectPathBytes = 1024

/** NAME_MAX of the usual file systems. */
const maxSegmentBytes = 255

/**
 * Refuses a path that does not mean the same object in every store. What passes is safe to join to a folder: relative,
 * no `.`, `..` or empty segment, no control character (XML listings cannot carry them), no lone surrogate, no backslash,
 * at most 255 bytes a segment. Throws InvalidInputError `object-path-invalid`.
 */
export function checkObjectPath(path: string): void {
  const fault = path === '' ? 'is empty' : objectPathFault(path)
  if (fault !== null) throw pathError(path, fault)
}

/** As checkObjectPath, for the prefix of a listing: may be empty, and may end anywhere in a path. */
export function checkObjectPrefix(prefix: string): void {
  const complete = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const fault = textFault(prefix) ?? (complete === '' ? null : objectPathFault(complete.slice(0, -1)))
  if (fault !== null) throw pathError(prefix, fault)
}

/** As checkObjectPath, for a folder: empty, or ends with `/`. */
export function checkObjectFolder(folder: string): void {
  if (folder === '') return
  if (!folder.endsWith('/')) throw pathError(folder, 'names no folder, which ends with `/`')
  checkObjectPath(folder.slice(0, -1))
}

/** Sorts paths, and names in them, as stores list them: by their UTF-8 bytes. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** What is wrong with a path, or null. The empty path is not looked at specially: it has an empty segment. */
export function objectPathFault(path: string): string | null {
  const fault = textFault(path)
  if (fault !== null) return fault
  for (const segment of path.split('/')) {
    if (segment === '') return 'has an empty segment (it begins or ends with `/`, or holds `//`)'
    if (segment === '.' || segment === '..') return `holds the segment \`${segment}\``
    if (Buffer.byteLength(segment) > maxSegmentBytes) return `has a segment of more than ${maxSegmentBytes} bytes`
  }
  return null
}

function textFault(path: string): string | null {
  if (!path.isWellFormed()) return 'is not well-formed Unicode'
  if (/[\p{Cc}\\\uFFFE\uFFFF]/u.test(path)) return 'holds a control character or a backslash'
  if (Buffer.byteLength(path) > maxObjectPathBytes) return `is longer than ${maxObjectPathBytes} bytes`
  return null
}

function pathError(path: string, fault: string): InvalidInputError {
  const shown = JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path)
  return new InvalidInputError('object-path-invalid', `Object path ${shown} ${fault}.`, {
    remedy: 'Use a relative path of plain segments separated by `/`.',
  })
}
