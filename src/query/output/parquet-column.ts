import type { SchemaElement } from 'hyparquet'
import type { QueryColumn } from '../../ports/query-engine.ts'
import { columnType, type DecimalType } from './column-type.ts'
import { daysOf, microsOf, microsOfDay, type Place, type Present, textOf, unscaled } from './exact-value.ts'

/** How a column of a result is written to Parquet. */
export interface ParquetColumn {
  element: SchemaElement
  /** The value as hyparquet-writer takes it. Throws InvalidInputError `value-not-parquet`. */
  convert(value: Present): unknown
}

/** Lists, structs, maps and types that Parquet lacks are text: JSON as `jsonValue` writes it. */
export function parquetColumn(column: QueryColumn, name: string): ParquetColumn {
  const type = columnType(column.type)
  const place: Place = { format: 'Parquet', column: name }
  const base = { name, repetition_type: 'OPTIONAL' as const }
  switch (type.kind) {
    case 'boolean':
      return { element: { ...base, type: 'BOOLEAN' }, convert: (value) => value }
    case 'integer': {
      const bits = type.isSigned ? type.bits : type.bits + 1
      if (bits <= 32) return { element: { ...base, type: 'INT32' }, convert: Number }
      if (bits <= 64) return { element: { ...base, type: 'INT64' }, convert: (value) => BigInt(value as bigint) }
      return decimalColumn({ kind: 'decimal', precision: 38, scale: 0 }, place)
    }
    case 'float':
      return { element: { ...base, type: type.bits === 32 ? 'FLOAT' : 'DOUBLE' }, convert: Number }
    case 'decimal':
      return decimalColumn(type, place)
    case 'binary':
      return { element: { ...base, type: 'BYTE_ARRAY' }, convert: (value) => value }
    case 'date':
      return { element: { ...base, type: 'INT32', converted_type: 'DATE' }, convert: (value) => daysOf(value, place) }
    case 'time':
      return {
        element: { ...base, type: 'INT64', logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: 'MICROS' } },
        convert: (value) => microsOfDay(value, place),
      }
    case 'timestamp':
      return {
        element: {
          ...base,
          type: 'INT64',
          logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: type.isUtc, unit: 'MICROS' },
        },
        convert: (value) => microsOf(value, place),
      }
    case 'text':
      return { element: { ...base, type: 'BYTE_ARRAY', converted_type: 'UTF8' }, convert: textOf }
  }
}

/** Exact numbers beyond 64 bits or with a fraction. */
function decimalColumn(type: DecimalType, place: Place): ParquetColumn {
  const { precision, scale } = type
  return {
    element: {
      name: place.column,
      repetition_type: 'OPTIONAL',
      type: 'FIXED_LEN_BYTE_ARRAY',
      type_length: 16,
      converted_type: 'DECIMAL',
      precision,
      scale,
    },
    convert: (value) => unscaled(value, type, place),
  }
}
