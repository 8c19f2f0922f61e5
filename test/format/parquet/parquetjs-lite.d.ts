/** The part of parquetjs-lite that the tests and benchmarks use; the package has no types. */
declare module 'parquetjs-lite' {
  interface Row {
    record_partition: number
    record_offset: number
    record_timestamp: Date
    record_key?: Buffer
    record_value?: Buffer
    record_headers: { list?: { element: { key: string; value?: Buffer } }[] }
  }

  interface Reader {
    getCursor(): { next(): Promise<Row | null> }
    close(): Promise<void>
  }

  interface Field {
    type?: string
    compression?: string
    optional?: boolean
    repeated?: boolean
    fields?: Record<string, Field>
  }

  interface Writer {
    appendRow(row: object): Promise<void>
    close(): Promise<void>
  }

  type Schema = object

  const parquetjs: {
    ParquetReader: { openBuffer(file: Buffer): Promise<Reader> }
    ParquetSchema: new (fields: Record<string, Field>) => Schema
    ParquetWriter: {
      openStream(schema: Schema, to: NodeJS.WritableStream, options: { rowGroupSize: number }): Promise<Writer>
    }
  }
  export default parquetjs
}
