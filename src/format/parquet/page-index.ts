import type { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js'
import type { PageIndexes } from 'hyparquet-writer/src/types.js'

const boundaryOrders = ['UNORDERED', 'ASCENDING', 'DESCENDING']

/**
 * Writes the page index of a file (https://github.com/apache/parquet-format/blob/master/PageIndex.md): the column
 * indexes, then the offset indexes, and notes in the chunks where they are. The library leaves out those of chunks with
 * one page; DataFusion then makes no use of the index of any other row group, so ours has all of them, or none when no
 * chunk has more than one page.
 */
export function writePageIndex(writer: ByteWriter, indexes: readonly PageIndexes[]): void {
  if (indexes.every(({ offsetIndex }) => offsetIndex === undefined || offsetIndex.page_locations.length < 2)) return
  for (const { chunk, columnIndex } of indexes) {
    if (columnIndex === undefined) continue
    const start = writer.offset
    serializeTCompactProtocol(writer, {
      field_1: columnIndex.null_pages,
      field_2: columnIndex.min_values,
      field_3: columnIndex.max_values,
      field_4: boundaryOrders.indexOf(columnIndex.boundary_order),
      field_5: columnIndex.null_counts,
    })
    chunk.column_index_offset = BigInt(start)
    chunk.column_index_length = writer.offset - start
  }
  for (const { chunk, offsetIndex } of indexes) {
    if (offsetIndex === undefined) continue
    const start = writer.offset
    serializeTCompactProtocol(writer, {
      field_1: offsetIndex.page_locations.map((page) => ({
        field_1: page.offset,
        field_2: page.compressed_page_size,
        field_3: page.first_row_index,
      })),
    })
    chunk.offset_index_offset = BigInt(start)
    chunk.offset_index_length = writer.offset - start
  }
}
