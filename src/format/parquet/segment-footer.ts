import type { ParquetCodec } from '../log-entry.ts'
import type { SegmentIdentity } from '../segment.ts'
import type { ByteRange } from './byte-ranges.ts'
import { codecOfNumber } from './codec.ts'
import { foreignSegment } from './damage.ts'
import {
  type Column,
  columnShapes,
  columns,
  footerKeys,
  formatVersion,
  maxRowGroupRows,
  schemaElements,
} from './schema.ts'
import { readThriftStruct, type ThriftStruct } from './thrift-struct.ts'

/** What a segment's footer says. */
export interface SegmentFooter {
  identity: SegmentIdentity
  records: number
  /** 0 when there are no records; `lastOffset` is then -1. */
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  rowGroups: RowGroupInfo[]
}

/** What is known of rows without reading them. Bounds are inclusive. */
export interface RowBounds {
  rows: number
  minOffset: bigint
  maxOffset: bigint
  minTimestampMicros: bigint
  maxTimestampMicros: bigint
  /** No key is smaller, in unsigned byte order; null when not known or when all keys are null. */
  minKey: Buffer | null
  /** No key is larger. */
  maxKey: Buffer | null
  /** Rows whose key is null, as far as that is known. */
  nullKeys: number
}

/** A row group, and where it is in the file. */
export interface RowGroupInfo extends RowBounds, ByteRange {
  chunks: Readonly<Record<Column, ChunkInfo>>
  /** The bloom filter of its keys. */
  keyFilter: ByteRange | null
}

/** The pages of a column in a row group. */
export interface ChunkInfo extends ByteRange {
  codec: ParquetCodec
  entries: number
  /** Where each page is; null where no column of the file has more than one page a row group. */
  offsetIndex: ByteRange | null
  /** The bounds of each page. */
  columnIndex: ByteRange | null
}

const typeNumbers = { INT32: 1, INT64: 2, BYTE_ARRAY: 6 } as const
const repetitionNumbers = { REQUIRED: 0, OPTIONAL: 1, REPEATED: 2 } as const

/**
 * Reads FileMetaData (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift) of a file
 * whose pages lie in `[4, pagesEnd)`. Throws RangeError when it does not hold together, and InvalidInputError
 * `segment-foreign` when it is the footer of something else.
 */
export function parseFooter(bytes: Buffer, path: string, pagesEnd: number): SegmentFooter {
  const { struct: file, end } = readThriftStruct(bytes, 0)
  if (end !== bytes.length) throw new RangeError('the footer does not end where it should')
  checkSchema(file.structs(2), path)
  const texts = new Map(file.has(5) ? file.structs(5).map((pair) => [pair.text(1), pair.text(2)]) : [])
  const text = (key: string): string => {
    const value = texts.get(key)
    if (value === undefined) throw foreignSegment(path, `its footer has no ${key}`)
    return value
  }
  const version = text(footerKeys.formatVersion)
  if (version !== formatVersion) throw foreignSegment(path, `its format version is ${version}, not ${formatVersion}`)
  const timestampType = text(footerKeys.timestampType)
  if (timestampType !== 'create' && timestampType !== 'append') {
    throw new RangeError(`there is no timestamp type ${timestampType}`)
  }
  const rowGroups = file.structs(4).map((group) => parseRowGroup(group, path, pagesEnd))
  const records = file.size(3)
  if (rowGroups.reduce((sum, group) => sum + group.rows, 0) !== records) {
    throw new RangeError('the row groups do not add up to the number of records')
  }
  return {
    identity: {
      topic: text(footerKeys.topic),
      incarnation: Number(integer(text(footerKeys.incarnation))),
      partition: Number(integer(text(footerKeys.partition))),
      timestampType,
    },
    records,
    firstOffset: integer(text(footerKeys.firstOffset)),
    lastOffset: integer(text(footerKeys.lastOffset)),
    rowGroups,
  }
}

function checkSchema(elements: readonly ThriftStruct[], path: string): void {
  const same =
    elements.length === schemaElements.length &&
    schemaElements.every((expected, i) => {
      const found = elements[i]!
      return (
        found.text(4) === expected.name &&
        found.int(5, 0) === (expected.num_children ?? 0) &&
        (expected.type === undefined
          ? !found.has(1)
          : found.int(1, -1) === typeNumbers[expected.type as keyof typeof typeNumbers]) &&
        (expected.repetition_type === undefined || found.int(3, -1) === repetitionNumbers[expected.repetition_type])
      )
    })
  if (!same) throw foreignSegment(path, 'it has other columns')
}

function parseRowGroup(group: ThriftStruct, path: string, pagesEnd: number): RowGroupInfo {
  const rows = group.size(3)
  if (rows === 0 || rows > maxRowGroupRows) throw new RangeError(`a row group of ${rows} rows is not possible`)
  const found = group.structs(1)
  if (found.length !== columns.length) throw new RangeError('a row group has not all columns')
  const metas = {} as Record<Column, ThriftStruct>
  const chunks = {} as Record<Column, ChunkInfo>
  columns.forEach((column, i) => {
    metas[column] = found[i]!.struct(3)
    chunks[column] = parseChunk(found[i]!, column, rows, path, pagesEnd)
  })
  const all = columns.map((column) => chunks[column])
  const keys = metas.key.struct(12)
  return {
    rows,
    startByte: Math.min(...all.map((chunk) => chunk.startByte)),
    endByte: Math.max(...all.map((chunk) => chunk.endByte)),
    minOffset: longBound(metas.offset, 6),
    maxOffset: longBound(metas.offset, 5),
    minTimestampMicros: longBound(metas.timestamp, 6),
    maxTimestampMicros: longBound(metas.timestamp, 5),
    minKey: keys.has(6) ? keys.bytes(6) : null,
    maxKey: keys.has(5) ? keys.bytes(5) : null,
    nullKeys: keys.size(3),
    chunks,
    keyFilter: rangeOf(metas.key, 14, 15, pagesEnd),
  }
}

function parseChunk(chunk: ThriftStruct, column: Column, rows: number, path: string, pagesEnd: number): ChunkInfo {
  const meta = chunk.struct(3)
  const shape = columnShapes[column]
  if (meta.int(1) !== typeNumbers[shape.type] || meta.texts(3).join('.') !== shape.path.join('.')) {
    throw new RangeError(`column ${shape.path.join('.')} is not where it should be`)
  }
  const codec = codecOfNumber(meta.int(4))
  if (codec === undefined) throw foreignSegment(path, `it is compressed by codec ${meta.int(4)}`)
  if (meta.has(11)) throw foreignSegment(path, 'it has dictionary pages')
  const startByte = meta.size(9)
  const endByte = startByte + meta.size(7)
  if (startByte < 4 || endByte > pagesEnd) throw new RangeError(`column ${shape.path.join('.')} lies outside the file`)
  const entries = meta.size(5)
  if (shape.repeated ? entries < rows : entries !== rows) {
    throw new RangeError(`column ${shape.path.join('.')} has ${entries} entries for ${rows} rows`)
  }
  const offsetIndex = rangeOf(chunk, 4, 5, pagesEnd)
  return { startByte, endByte, codec, entries, offsetIndex, columnIndex: rangeOf(chunk, 6, 7, pagesEnd) }
}

/** The place that an offset and a length say; null when the file has none. */
function rangeOf(struct: ThriftStruct, offsetId: number, lengthId: number, end: number): ByteRange | null {
  if (!struct.has(offsetId)) return null
  const startByte = struct.size(offsetId)
  const endByte = startByte + struct.int(lengthId)
  if (startByte < 4 || endByte < startByte || endByte > end) throw new RangeError('an index lies outside the file')
  return { startByte, endByte }
}

function longBound(meta: ThriftStruct, id: number): bigint {
  const bytes = meta.struct(12).bytes(id)
  if (bytes.length !== 8) throw new RangeError('a bound of a 64-bit column has not 8 bytes')
  return bytes.readBigInt64LE()
}

function integer(text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text)) throw new RangeError(`"${text}" is no integer`)
  return BigInt(text)
}
