import type { SchemaElement } from 'hyparquet'
import { InvalidInputError } from '../../errors.ts'
import { parseIsoTimestamp } from '../../format/iso-timestamp.ts'
import type { QueryColumn, QueryValue } from '../../ports/query-engine.ts'
import { jsonValue } from './json.ts'

/** How a column of a result is written to Parquet. */
export interface ParquetColumn {
  element: SchemaElement
  /** The value as hyparquet-writer takes it. Throws InvalidInputError `value-not-parquet`. */
  convert(value: Exclude<QueryValue, null>): unknown
}

const DAY_MICROS = 86_400_000_000n

/**
 * By the engine's name of the type, in the words of DuckDB, Trino or Athena. Lists, structs, maps and types that Parquet
 * lacks are text: JSON as `jsonValue` writes it.
 */
export function parquetColumn({ type }: QueryColumn, name: string): ParquetColumn {
  const written = type.toUpperCase().replace(/\s+/g, ' ')
  const base = { name, repetition_type: 'OPTIONAL' as const }
  if (written === 'BOOLEAN') return { element: { ...base, type: 'BOOLEAN' }, convert: (value) => value }
  if (/^(TINYINT|SMALLINT|INTEGER|INT|UTINYINT|USMALLINT)$/.test(written)) {
    return { element: { ...base, type: 'INT32' }, convert: Number }
  }
  if (/^(BIGINT|UINTEGER)$/.test(written)) {
    return { element: { ...base, type: 'INT64' }, convert: (value) => BigInt(value as bigint) }
  }
  if (written === 'DOUBLE') return { element: { ...base, type: 'DOUBLE' }, convert: Number }
  if (/^(FLOAT|REAL)$/.test(written)) return { element: { ...base, type: 'FLOAT' }, convert: Number }
  if (/^(BLOB|VARBINARY)$/.test(written)) {
    return { element: { ...base, type: 'BYTE_ARRAY' }, convert: (value) => value }
  }
  if (written === 'DATE') {
    return {
      element: { ...base, type: 'INT32', converted_type: 'DATE' },
      convert: (value) => Number(microsOf(name, value) / DAY_MICROS),
    }
  }
  if (/^TIMESTAMP(_MS|_S|\([0-6]\))?( WITH TIME ZONE)?$/.test(written)) {
    const isAdjustedToUTC = written.endsWith('ZONE')
    return {
      element: { ...base, type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC, unit: 'MICROS' } },
      convert: (value) => microsOf(name, value),
    }
  }
  return decimalColumn(written, name) ?? textColumn(name)
}

/** Exact numbers beyond 64 bits or with a fraction. */
function decimalColumn(written: string, name: string): ParquetColumn | null {
  const match = /^DECIMAL\((\d+), ?(\d+)\)$/.exec(written)
  if (match === null && !/^(HUGEINT|UBIGINT)$/.test(written)) return null
  const precision = Number(match?.[1] ?? 38)
  const scale = Number(match?.[2] ?? 0)
  return {
    element: {
      name,
      repetition_type: 'OPTIONAL',
      type: 'FIXED_LEN_BYTE_ARRAY',
      type_length: 16,
      converted_type: 'DECIMAL',
      precision,
      scale,
    },
    convert(value) {
      const [whole, fraction = ''] = String(value).split('.')
      const digits = `${whole}${fraction.padEnd(scale, '0')}`
      if (!/^-?\d+$/.test(digits) || digits.replace('-', '').length > 38) throw notWritable(name, value)
      return BigInt(digits)
    },
  }
}

function textColumn(name: string): ParquetColumn {
  return {
    element: { name, repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    convert: (value) => (typeof value === 'object' ? JSON.stringify(jsonValue(value)) : String(value)),
  }
}

function microsOf(name: string, value: Exclude<QueryValue, null>): bigint {
  const micros = parseIsoTimestamp(String(value))
  if (micros === null) throw notWritable(name, value)
  return micros
}

function notWritable(name: string, value: QueryValue): InvalidInputError {
  return new InvalidInputError('value-not-parquet', `Parquet has no form for ${String(value)} in column ${name}.`, {
    remedy: `CAST the column AS VARCHAR in the statement, or take another format.`,
    details: { column: name },
  })
}
