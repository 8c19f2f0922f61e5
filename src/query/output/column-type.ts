/** What a column of a result holds, whatever the engine calls it. */
export type ColumnType =
  | { kind: 'boolean' }
  | { kind: 'integer'; bits: 8 | 16 | 32 | 64; isSigned: boolean }
  | { kind: 'float'; bits: 32 | 64 }
  | DecimalType
  | { kind: 'date' }
  | { kind: 'time' }
  | { kind: 'timestamp'; isUtc: boolean }
  | { kind: 'binary' }
  | { kind: 'text' }

export interface DecimalType {
  kind: 'decimal'
  precision: number
  scale: number
}

/**
 * By the engine's name of the type, in the words of DuckDB, Trino or Athena. Text: lists, structs, maps, times finer than
 * a microsecond, and whatever else has no exact form in both Parquet and Arrow.
 */
export function columnType(engineType: string): ColumnType {
  const written = engineType.toUpperCase().replace(/\s+/g, ' ')
  const simple = SIMPLE.get(written)
  if (simple !== undefined) return simple
  if (/^TIMESTAMP(_MS|_S|\([0-6]\))?( WITH TIME ZONE)?$/.test(written)) {
    return { kind: 'timestamp', isUtc: written.endsWith('ZONE') }
  }
  if (/^TIME(\([0-6]\))?$/.test(written)) return { kind: 'time' }
  const [, precision, scale] = /^DECIMAL\((\d+), ?(\d+)\)$/.exec(written) ?? []
  if (precision !== undefined) return { kind: 'decimal', precision: Number(precision), scale: Number(scale) }
  return { kind: 'text' }
}

const integer = (bits: 8 | 16 | 32 | 64, isSigned: boolean): ColumnType => ({ kind: 'integer', bits, isSigned })

const SIMPLE: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ['BOOLEAN', { kind: 'boolean' }],
  ['TINYINT', integer(8, true)],
  ['UTINYINT', integer(8, false)],
  ['SMALLINT', integer(16, true)],
  ['USMALLINT', integer(16, false)],
  ['INTEGER', integer(32, true)],
  ['INT', integer(32, true)],
  ['UINTEGER', integer(32, false)],
  ['BIGINT', integer(64, true)],
  ['UBIGINT', integer(64, false)],
  // 128 bits are more digits than any decimal has; values beyond 38 are refused one by one
  ['HUGEINT', { kind: 'decimal', precision: 38, scale: 0 }],
  ['FLOAT', { kind: 'float', bits: 32 }],
  ['REAL', { kind: 'float', bits: 32 }],
  ['DOUBLE', { kind: 'float', bits: 64 }],
  ['DATE', { kind: 'date' }],
  ['BLOB', { kind: 'binary' }],
  ['VARBINARY', { kind: 'binary' }],
])
