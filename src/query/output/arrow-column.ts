import {
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int,
  makeData,
  TimeMicrosecond,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow'
import type { QueryColumn, QueryValue } from '../../ports/query-engine.ts'
import { type ColumnType, columnType, type DecimalType } from './column-type.ts'
import { daysOf, microsOf, microsOfDay, type Place, type Present, textOf, unscaled } from './exact-value.ts'

/** How a column of a result is written to Arrow. */
export interface ArrowColumn {
  field: Field
  /** The column's part of a record batch. Throws InvalidInputError `value-not-arrow`. */
  data(values: readonly QueryValue[]): Data
}

/** Lists, structs, maps and types that Parquet lacks are text, as there: JSON as `jsonValue` writes it. */
export function arrowColumn({ type }: QueryColumn, name: string): ArrowColumn {
  const { dataType, buffers } = writerOf(columnType(type), { format: 'Arrow', column: name })
  return {
    field: new Field(name, dataType, true),
    data: (values) =>
      makeData({ type: dataType, length: values.length, ...validityOf(values), ...buffers(values) }) as Data,
  }
}

interface ColumnWriter {
  dataType: DataType
  buffers(values: readonly QueryValue[]): { data: ArrayBufferView; valueOffsets?: Int32Array }
}

function writerOf(type: ColumnType, place: Place): ColumnWriter {
  switch (type.kind) {
    case 'boolean':
      return { dataType: new Bool(), buffers: (values) => ({ data: bitsOf(values, (value) => value === true) }) }
    case 'integer': {
      const dataType = new Int(type.isSigned, type.bits)
      if (type.bits < 64) return fixedWidth(dataType, (rows) => new dataType.ArrayType(rows) as Int32Array, Number)
      return fixedWidth(
        dataType,
        (rows) => new dataType.ArrayType(rows) as BigInt64Array,
        (value) => BigInt(value as bigint),
      )
    }
    case 'float':
      return type.bits === 32
        ? fixedWidth(new Float32(), (rows) => new Float32Array(rows), Number)
        : fixedWidth(new Float64(), (rows) => new Float64Array(rows), Number)
    case 'decimal':
      return decimal(type, place)
    case 'date':
      return fixedWidth(
        new DateDay(),
        (rows) => new Int32Array(rows),
        (value) => daysOf(value, place),
      )
    case 'time':
      return fixedWidth(
        new TimeMicrosecond(),
        (rows) => new BigInt64Array(rows),
        (value) => microsOfDay(value, place),
      )
    case 'timestamp':
      return fixedWidth(
        new TimestampMicrosecond(type.isUtc ? 'UTC' : null),
        (rows) => new BigInt64Array(rows),
        (value) => microsOf(value, place),
      )
    case 'binary':
      return ofAnyLength(new Binary(), (value) => value as Uint8Array)
    case 'text':
      return ofAnyLength(new Utf8(), (value) => Buffer.from(textOf(value)))
  }
}

function fixedWidth<Value extends number | bigint>(
  dataType: DataType,
  allocate: (rows: number) => ArrayBufferView & { [row: number]: Value },
  convert: (value: Present) => Value,
): ColumnWriter {
  return {
    dataType,
    buffers(values) {
      const data = allocate(values.length)
      for (const [row, value] of values.entries()) if (value !== null) data[row] = convert(value)
      return { data }
    },
  }
}

/** 128 bits, the lower half first. */
function decimal(type: DecimalType, place: Place): ColumnWriter {
  return {
    dataType: new Decimal(type.scale, type.precision),
    buffers(values) {
      const halves = new BigInt64Array(values.length * 2)
      for (const [row, value] of values.entries()) {
        if (value === null) continue
        const number = unscaled(value, type, place)
        halves[row * 2] = number
        halves[row * 2 + 1] = number >> 64n
      }
      return { data: new Uint32Array(halves.buffer) }
    },
  }
}

function ofAnyLength(dataType: DataType, bytesOf: (value: Present) => Uint8Array): ColumnWriter {
  return {
    dataType,
    buffers(values) {
      const valueOffsets = new Int32Array(values.length + 1)
      const pieces: Uint8Array[] = []
      let end = 0
      for (const [row, value] of values.entries()) {
        if (value !== null) {
          const bytes = bytesOf(value)
          pieces.push(bytes)
          end += bytes.length
        }
        valueOffsets[row + 1] = end
      }
      return { data: Buffer.concat(pieces, end), valueOffsets }
    },
  }
}

/** A bit per row: set where there is a value. */
function validityOf(values: readonly QueryValue[]): { nullCount: number; nullBitmap: Uint8Array } {
  const nullCount = values.reduce((count: number, value) => count + (value === null ? 1 : 0), 0)
  return { nullCount, nullBitmap: bitsOf(values, (value) => value !== null) }
}

/** The first row is the lowest bit of the first byte. */
function bitsOf(values: readonly QueryValue[], isSet: (value: QueryValue) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8))
  for (const [row, value] of values.entries()) if (isSet(value)) bits[row >> 3]! |= 1 << (row & 7)
  return bits
}
