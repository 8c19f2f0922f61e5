import type { BufferPool } from './buffer-pool.ts'
import { type LevelKind, maxLevelBytes, writeLevels } from './levels.ts'

/** Levels of an optional column, by its entries: null, present. */
const presence: LevelKind = { bitWidth: 1, of: Uint8Array.of(0, 1) }

// By the kinds of RecordColumns' headerEntry: none, (unused), null first in its row, null later, value first, later.
const repetition: LevelKind = { bitWidth: 1, of: Uint8Array.of(0, 0, 0, 1, 0, 1) }
const headerKeyDefinition: LevelKind = { bitWidth: 1, of: Uint8Array.of(0, 0, 1, 1, 1, 1) }
const headerValueDefinition: LevelKind = { bitWidth: 2, of: Uint8Array.of(0, 0, 1, 1, 2, 2) }

/** Kinds of level before the values of a page, in their order. */
export const levelsOf = {
  key: [presence],
  value: [presence],
  headerKey: [repetition, headerKeyDefinition],
  headerValue: [repetition, headerValueDefinition],
} as const satisfies Record<string, readonly LevelKind[]>

/** Lends `use` the body of a page: its levels, then its values. */
export function withPageBody(
  pool: BufferPool,
  levels: readonly LevelKind[],
  entries: { bytes: Buffer; used: number },
  values: { bytes: Buffer; used: number },
  use: (body: Buffer) => void,
): void {
  let bytes = values.used
  for (const level of levels) bytes += maxLevelBytes(entries.used, level.bitWidth)
  const buffer = pool.take(bytes)
  let at = 0
  for (const level of levels) at = writeLevels(buffer, at, entries.bytes, entries.used, level)
  values.bytes.copy(buffer, at, 0, values.used)
  use(buffer.subarray(0, at + values.used))
  pool.give(buffer)
}
