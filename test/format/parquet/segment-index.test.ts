import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parquetMetadata, readColumnIndex, readOffsetIndex } from 'hyparquet'
import { python } from '../../kit/python.ts'
import { duckdb, withFiles } from './other-readers.ts'
import { type TestRecord, writeSegment } from './segment-kit.ts'

const keyOf = (i: number): string => `customer-${i * 13}`

/** 50,000 rows: a row group of 40,000 and one of 10,000, pages of 16,384 rows; a key in every row but each tenth. */
const records = Array.from(
  { length: 50_000 },
  (_, i): TestRecord => ({
    offset: 2n ** 53n + BigInt(i),
    timestampMs: 1.7e12 + i * 1000,
    key: i % 10 === 0 ? null : Buffer.from(keyOf(i)),
    value: Buffer.from(`${i}`),
    headers: [],
  }),
)
const { file } = writeSegment(records, { rowGroupRows: 40_000 })

interface Probe {
  row_group_id: string
  bloom_filter_excludes: boolean
}

test("DuckDB's bloom probe finds every key in its row group and hardly any other", async () => {
  await withFiles([file], async ([path]) => {
    const probe = (key: string): Promise<Probe[]> =>
      duckdb<Probe>(`FROM parquet_bloom_probe('${path}', 'record_key', '${key}'::BLOB) ORDER BY row_group_id`)
    for (const i of [1, 777, 39_999, 40_001, 49_999]) {
      const excluded = (await probe(keyOf(i))).map((group) => group.bloom_filter_excludes)
      assert.equal(excluded[i < 40_000 ? 0 : 1], false, keyOf(i))
    }
    let excluded = 0
    for (let i = 0; i < 60; i++) {
      for (const group of await probe(`nobody-${i}`)) if (group.bloom_filter_excludes) excluded++
    }
    assert.ok(excluded > 100, `only ${excluded} of 120 probes for absent keys were excluded`)
  })
})

test('DataFusion prunes by our page index and bloom filter and finds every row that it should', async () => {
  const [byOffset, byPresentKeys, byAbsentKey] = JSON.parse(
    await withFiles([file], (paths) => python(datafusionScript, paths)),
  ) as { count: number; pages: string; bloom: string }[]
  assert.deepEqual(byOffset, { count: 3, pages: '3 -> 1', bloom: '1 -> 1' })
  assert.equal(byPresentKeys!.count, 20)
  assert.equal(byAbsentKey!.count, 0)
  assert.equal(byAbsentKey!.bloom, '2 -> 0')
})

const datafusionScript = `
import datafusion, json, re, sys
config = datafusion.SessionConfig({
    'datafusion.execution.parquet.pushdown_filters': 'true',
    'datafusion.execution.parquet.bloom_filter_on_read': 'true',
})
context = datafusion.SessionContext(config)
context.register_parquet('segment', sys.argv[1])
first = 2 ** 53 + 20000
found = []
# Looked up in the filter one by one, so that a bit that it lacks loses a row.
present = ', '.join(f"arrow_cast('customer-{i * 13}', 'Binary')" for i in range(1, 50000, 2500))
for where in [
    f"record_offset BETWEEN {first} AND {first + 2}",
    f"record_key IN ({present})",
    "record_key = arrow_cast('customer-5200200', 'Binary')",
]:
    query = f"SELECT count(*) AS n FROM segment WHERE {where}"
    plan = context.sql("EXPLAIN ANALYZE " + query).to_pydict()['plan'][0]
    metric = lambda name: ' -> '.join(re.search(name + r'=(\\d+) total \\S+ (\\d+) matched', plan).groups())
    found.append({
        'count': context.sql(query).to_pydict()['n'][0],
        'pages': metric('page_index_pages_pruned'),
        'bloom': metric('row_groups_pruned_bloom_filter'),
    })
print(json.dumps(found))
`

test('the page index says where each page is and what bounds it', () => {
  const metadata = parquetMetadata(file)
  const at = (offset: bigint | undefined, length: number | undefined) => ({
    view: new DataView(file.buffer, file.byteOffset + Number(offset), length),
    offset: 0,
  })
  let firstRow = 0
  for (const group of metadata.row_groups) {
    for (const chunk of group.columns) {
      const path = chunk.meta_data!.path_in_schema.join('.')
      const { page_locations } = readOffsetIndex(at(chunk.offset_index_offset, chunk.offset_index_length))
      assert.deepEqual(
        page_locations.map((page) => Number(page.first_row_index)),
        [0, 16_384, 32_768].filter((row) => row < group.num_rows),
        path,
      )
      let end = chunk.meta_data!.data_page_offset
      for (const page of page_locations) {
        assert.equal(page.offset, end, path)
        end += BigInt(page.compressed_page_size)
      }
      assert.equal(end, chunk.meta_data!.data_page_offset + chunk.meta_data!.total_compressed_size, path)
    }
    const offsets = group.columns[1]!
    const element = metadata.schema.find((element) => element.name === 'record_offset')!
    const index = readColumnIndex(at(offsets.column_index_offset, offsets.column_index_length), element)
    const base = 2n ** 53n + BigInt(firstRow)
    const whole = group.num_rows === 40_000n
    assert.deepEqual(index.min_values, whole ? [base, base + 16_384n, base + 32_768n] : [base])
    assert.deepEqual(index.max_values, whole ? [base + 16_383n, base + 32_767n, base + 39_999n] : [base + 9999n])
    assert.equal(index.boundary_order, 'ASCENDING')
    firstRow += Number(group.num_rows)
  }
})

test('long keys have shortened bounds, and none where none can be', async () => {
  const bounds = async (...keys: Buffer[]) => {
    const { file } = writeSegment(
      keys.map((key, i) => ({ offset: BigInt(i), timestampMs: 0, key, value: null, headers: [] })),
    )
    const [found] = await withFiles([file], ([path]) =>
      duckdb<{ low: string | null; high: string | null }>(
        `SELECT stats_min_value AS low, stats_max_value AS high FROM parquet_metadata('${path}')
         WHERE path_in_schema = 'record_key'`,
      ),
    )
    const own = parquetMetadata(file, { parsers: { stringFromBytes: (bytes: Uint8Array) => Buffer.from(bytes) } })
    return { ...found, statistics: own.row_groups[0]!.columns[3]!.meta_data!.statistics! }
  }
  const long = await bounds(Buffer.alloc(100, 'a'), Buffer.alloc(100, 'z'))
  assert.equal(long.low, 'a'.repeat(64))
  assert.equal(long.high, `${'z'.repeat(63)}{`)
  assert.equal(long.statistics.is_min_value_exact, false)
  assert.equal(long.statistics.is_max_value_exact, false)

  const highest = await bounds(Buffer.from('a'), Buffer.alloc(65, 0xff))
  assert.equal(highest.statistics.max_value, undefined)
  assert.deepEqual(highest.statistics.min_value, Buffer.from('a'))
  assert.equal(highest.statistics.is_min_value_exact, undefined)
})

test('a segment of one page has no page index: its statistics say the same', () => {
  const { file } = writeSegment(records.slice(0, 100))
  for (const chunk of parquetMetadata(file).row_groups[0]!.columns) {
    assert.equal(chunk.offset_index_offset, undefined)
    assert.equal(chunk.column_index_offset, undefined)
  }
})
