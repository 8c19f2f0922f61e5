import { createHash } from 'node:crypto'
import { endianness } from 'node:os'
import type { SchemaElement } from 'hyparquet'

/** The leaf columns in file order. */
export const columns = ['partition', 'offset', 'timestamp', 'key', 'value', 'headerKey', 'headerValue'] as const

export type Column = (typeof columns)[number]

/** A leaf column as its chunks' metadata name it. */
export interface ColumnShape {
  type: 'INT32' | 'INT64' | 'BYTE_ARRAY'
  path: string[]
  /** Whether a row has several of it. */
  repeated: boolean
}

export const columnShapes: Readonly<Record<Column, ColumnShape>> = {
  partition: { type: 'INT32', path: ['record_partition'], repeated: false },
  offset: { type: 'INT64', path: ['record_offset'], repeated: false },
  timestamp: { type: 'INT64', path: ['record_timestamp'], repeated: false },
  key: { type: 'BYTE_ARRAY', path: ['record_key'], repeated: false },
  value: { type: 'BYTE_ARRAY', path: ['record_value'], repeated: false },
  headerKey: {
    type: 'BYTE_ARRAY',
    path: ['record_headers', 'list', 'element', 'key'],
    repeated: true,
  },
  headerValue: {
    type: 'BYTE_ARRAY',
    path: ['record_headers', 'list', 'element', 'value'],
    repeated: true,
  },
}

/**
 * The schema of every segment, depth first as the footer has it. Timestamps are UTC-adjusted micros because that is the
 * one kind all engines read; headers are the three-level LIST of the Parquet specification.
 */
export const schemaElements: SchemaElement[] = [
  { name: 'record', num_children: 6 },
  { name: 'record_partition', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'record_offset', type: 'INT64', repetition_type: 'REQUIRED' },
  {
    name: 'record_timestamp',
    type: 'INT64',
    repetition_type: 'REQUIRED',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  { name: 'record_key', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
  { name: 'record_value', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
  {
    name: 'record_headers',
    repetition_type: 'REQUIRED',
    num_children: 1,
    converted_type: 'LIST',
    logical_type: { type: 'LIST' },
  },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'REQUIRED', num_children: 2 },
  {
    name: 'key',
    type: 'BYTE_ARRAY',
    repetition_type: 'REQUIRED',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
  },
  { name: 'value', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
]

/** Names the row schema in the footer: SHA-256, hex, of its elements in JSON. */
export const schemaHash: string = createHash('sha256').update(JSON.stringify(schemaElements)).digest('hex')

/** `created_by` of the footer, in the form Parquet readers parse for known writer defects. */
export const createdBy = 'coldstream version 0.1.0'

/** Version of the layout of a segment; a reader refuses one it does not know. */
export const formatVersion = '1'

/** Keys of the footer's key/value metadata. */
export const footerKeys = {
  formatVersion: 'coldstream.format.version',
  topic: 'coldstream.topic',
  incarnation: 'coldstream.incarnation',
  partition: 'coldstream.partition',
  firstOffset: 'coldstream.first.offset',
  lastOffset: 'coldstream.last.offset',
  timestampType: 'coldstream.timestamp.type',
  schemaHash: 'coldstream.schema.hash',
} as const

/** A row group never has more rows: bounds what a reader allocates on a footer's word. */
export const maxRowGroupRows: number = 4 * 1024 * 1024

// Pages are little-endian and are written and read through typed arrays, which have the byte order of the machine.
if (endianness() !== 'LE') throw new Error('Coldstream runs on little-endian machines only.')
