/** The part of parquetjs-lite that the tests use; the package has no types. */
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

  const parquetjs: { ParquetReader: { openBuffer(file: Buffer): Promise<Reader> } }
  export default parquetjs
}
