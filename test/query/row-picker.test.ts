import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { DuckDbEngine } from '../../src/adapters/duckdb/engine.ts'
import { DamagedDataError, InvalidInputError, NotFoundError } from '../../src/errors.ts'
import type { CommittedSegment } from '../../src/format/segment.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import type { EngineQuery, QueryEngine } from '../../src/ports/query-engine.ts'
import { commitLogSnapshots } from '../../src/query/archive-snapshots.ts'
import { RowPicker } from '../../src/query/row-picker.ts'
import { SegmentCache } from '../../src/query/segment-cache.ts'
import { filesInPlace } from '../../src/query/segment-files.ts'
import { openSegment } from '../../src/replay/read/segment-source.ts'
import { CountingStore, everything } from '../replay/segment-store.ts'
import { type ArchivedRecord, archiveRecords, hourFolder } from './archive.ts'
import { NINE, orders } from './orders.ts'
import { testFolder, testStore } from './rig.ts'

const isPaid = `json_extract_scalar(from_utf8(record_value), '$.type') = 'OrderPaid'`
const never = new AbortController().signal

/** Runs what a real engine runs, and counts. */
class CountingEngine implements QueryEngine {
  readonly name = 'counting'
  readonly queries: EngineQuery[] = []
  mostRunning = 0
  #running = 0
  readonly #engine: QueryEngine

  constructor(engine: QueryEngine) {
    this.#engine = engine
  }

  get dialect() {
    return this.#engine.dialect
  }

  async run(query: EngineQuery, signal: AbortSignal) {
    this.queries.push(query)
    this.mostRunning = Math.max(this.mostRunning, ++this.#running)
    const leave = () => {
      this.#running--
    }
    try {
      const result = await this.#engine.run(query, signal)
      result.ended.then(leave, leave)
      return result
    } catch (error) {
      leave()
      throw error
    }
  }

  close() {
    return this.#engine.close()
  }
}

describe('rows picked by an SQL condition', () => {
  const records = orders()
  const cleanups: (() => unknown)[] = []
  const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
  let store: ObjectStore
  let segments: CommittedSegment[]
  let engine: CountingEngine
  let picker: RowPicker

  before(async () => {
    store = await testStore(t)
    segments = await archiveRecords(store, 'orders', records)
    await archiveRecords(store, 'payments', records.slice(0, 5))
    const temporaryFolder = await testFolder(t)
    engine = new CountingEngine(new DuckDbEngine({ temporaryFolder, maxSpillBytes: 64 << 20, threads: 2 }))
    t.after(() => engine.close())
    picker = new RowPicker({
      engine,
      snapshots: commitLogSnapshots(store),
      files: filesInPlace(store),
      limits: { timeoutMs: 60_000, maxMemoryBytes: 256 << 20 },
      concurrency: 2,
    })
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  /** Segments of a partition, in offset order. */
  const ofPartition = (partition: number) => segments.filter(({ path }) => path.includes(`orders+${partition}+`))

  const place = (topic: string, partition: number) => ({ topic, incarnation: 1, partition })

  /** What a condition selects of each partition, all asked for at the same time, segment by segment. */
  const pickAll = (condition: string): Promise<bigint[][]> =>
    Promise.all(
      [0, 1].map(async (partition) => {
        const line = ofPartition(partition)
        const rows = picker.of(condition, place('orders', partition), line)
        const picked: bigint[] = []
        for (const segment of line) picked.push(...(await rows.pick(segment, never)))
        return picked
      }),
    )

  const offsetsOf = (isWanted: (record: ArchivedRecord) => boolean) =>
    [0, 1].map((partition) =>
      records.filter((record) => record.partition === partition && isWanted(record)).map(({ offset }) => offset),
    )
  const typeOf = ({ value }: ArchivedRecord) => /"type":"(\w+)"/.exec(value?.toString() ?? '')?.[1]

  const conditions: [condition: string, isWanted: (record: ArchivedRecord) => boolean][] = [
    [isPaid, (record) => typeOf(record) === 'OrderPaid'],
    [`${isPaid} -- the paid ones`, (record) => typeOf(record) === 'OrderPaid'],
    ['record_key IS NULL', ({ key }) => key === null],
    [`from_utf8(record_key) LIKE 'order-1-%'`, ({ key }) => key?.toString().startsWith('order-1-') ?? false],
    [
      `EXISTS (SELECT 1 FROM unnest(record_headers) AS t(h) WHERE h.value = '\\x07'::BLOB)`,
      (record) => record.headers[0]!.value![0] === 7,
    ],
    [
      `hour = '10' AND record_partition = 1`,
      (record) => record.partition === 1 && record.timestampMs >= NINE + 3_600_000,
    ],
    [`record_timestamp < TIMESTAMP '2025-01-14 09:30:00'`, ({ timestampMs }) => timestampMs < NINE + 1_800_000],
    ['true', () => true],
    ['false OR false', () => false],
    ['record_value = NULL', () => false],
  ]
  for (const [condition, isWanted] of conditions) {
    it(`are those of which it is true: ${condition}`, async () => {
      assert.deepEqual(await pickAll(condition), offsetsOf(isWanted))
    })
  }

  it('come from several segments by one statement when it is known which are asked for next', async () => {
    const hours = Array.from({ length: 20 }, (_, hour) =>
      records
        .slice(0, 4)
        .map((record, i) => ({ ...record, offset: BigInt(hour * 4 + i), timestampMs: NINE + hour * 3_600_000 })),
    )
    const many = await archiveRecords(store, 'many', hours.flat())
    engine.queries.length = 0
    const rows = picker.of('record_offset % 4 = 1', place('many', 0), many)
    const picked: bigint[] = []
    for (const segment of many) picked.push(...(await rows.pick(segment, never)))
    assert.deepEqual(
      picked,
      hours.map((_, hour) => BigInt(hour * 4 + 1)),
    )
    // two to compile
    assert.equal(engine.queries.length, 2 + 1)
  })

  it('come of several partitions by one statement when they are asked for at the same time', async () => {
    await picker.validate(isPaid, 'orders', never)
    engine.queries.length = 0
    assert.deepEqual(
      await pickAll(isPaid),
      offsetsOf((record) => typeOf(record) === 'OrderPaid'),
    )
    assert.equal(engine.queries.length, 1)
  })

  it('are those of the incarnation that is asked for, also while another one is', async () => {
    const before = records.slice(0, 60)
    const since = before.map((record) => ({ ...record, key: null }))
    const lines = [
      await archiveRecords(store, 'reborn', before),
      await archiveRecords(store, 'reborn', since, hourFolder, 'another id'),
    ]
    const picked = lines.map(async (line, i) => {
      const rows = picker.of('record_key IS NULL', { topic: 'reborn', incarnation: i + 1, partition: 0 }, line)
      const found = await Promise.all(line.map((segment) => rows.pick(segment, never)))
      return found.flatMap((offsets) => [...offsets])
    })
    assert.deepEqual(await Promise.all(picked), [
      before.filter(({ key }) => key === null).map(({ offset }) => offset),
      since.map(({ offset }) => offset),
    ])
  })

  it('are what a segment then gives, byte for byte', async () => {
    const rows = picker.of(isPaid, place('orders', 1), ofPartition(1))
    const values: string[] = []
    for (const segment of ofPartition(1)) {
      const of = { store, segment, topic: 'orders', incarnation: 1, partition: 1 }
      const opened = await openSegment({ ...of, window: everything, criteria: null, picker: rows, signal: never })
      for (let batch = await opened.next(); batch !== null; batch = await opened.next()) {
        const { bytes, start, length } = batch.value
        for (let row = 0; row < batch.rows; row++) {
          values.push(bytes.toString('latin1', start[row]!, start[row]! + length[row]!))
        }
      }
    }
    const wanted = records.filter((record) => record.partition === 1 && typeOf(record) === 'OrderPaid')
    assert.deepEqual(
      values,
      wanted.map(({ value }) => Buffer.from(value!).toString('latin1')),
    )
  })

  it('are read of a store that is not on this machine once, whole, for both who picks and who reads them', async (t) => {
    const remote = new CountingStore()
    const line = (await archiveRecords(remote, 'orders', records)).filter(({ path }) => path.includes('orders+0+'))
    const files = new SegmentCache({ store: remote, folder: await testFolder(t), maxBytes: 1 << 30 })
    const copying = new RowPicker({
      ...{ engine, files, snapshots: commitLogSnapshots(remote), concurrency: 2 },
      limits: { timeoutMs: 60_000, maxMemoryBytes: 256 << 20 },
    })
    await copying.validate(isPaid, 'orders', never)
    remote.bytesRead = 0
    const rows = copying.of(isPaid, place('orders', 0), line)
    const picked: bigint[] = []
    for (const segment of line) {
      const of = { store: remote, segment, topic: 'orders', incarnation: 1, partition: 0, signal: never }
      const opened = await openSegment({ ...of, window: everything, criteria: null, picker: rows })
      for (let batch = await opened.next(); batch !== null; batch = await opened.next()) picked.push(...batch.offset)
    }
    assert.deepEqual(picked, offsetsOf((record) => typeOf(record) === 'OrderPaid')[0])
    assert.equal(
      remote.bytesRead,
      line.reduce((sum, { bytes }) => sum + bytes, 0),
    )
  })

  it('are picked by so many statements at a time as are allowed, however many ask', async () => {
    engine.mostRunning = 0
    const asking = Array.from({ length: 6 }, async (_, i) => {
      const rows = picker.of(`${i} = ${i}`, place('orders', 0))
      return await rows.pick(segments[0]!, never)
    })
    for (const offsets of await Promise.all(asking)) assert.equal(offsets.length, segments[0]!.records)
    assert.equal(engine.mostRunning, 2)
  })

  it('of a damaged segment are missed by its name, those of its neighbours are not', async () => {
    const hours = Array.from({ length: 6 }, (_, hour) => ({
      ...records[0]!,
      offset: BigInt(hour),
      timestampMs: NINE + hour * 3_600_000,
    }))
    const some = await archiveRecords(store, 'fragile', hours)
    const damaged = some[4]!
    const bytes = await store.get(damaged.path)
    await store.delete(damaged.path)
    await store.createIfAbsent(damaged.path, [Buffer.alloc(bytes.length, 'x')])
    const rows = picker.of('record_key IS NOT NULL', place('fragile', 0), some)
    for (const segment of some) {
      const picking = rows.pick(segment, never)
      if (segment === damaged) await assert.rejects(picking, DamagedDataError)
      else assert.deepEqual(await picking, BigInt64Array.of(segment.firstOffset))
    }
  })

  it('are picked again after a failure', async () => {
    const rows = picker.of(isPaid, place('orders', 0), ofPartition(0))
    const stop = new AbortController()
    stop.abort(new Error('stopped'))
    await assert.rejects(rows.pick(segments[0]!, stop.signal), /stopped/)
    assert.ok((await rows.pick(segments[0]!, never)).length > 0)
  })

  it('of a topic that is not archived are refused', async () => {
    await assert.rejects(picker.validate('true', 'nothing', never), NotFoundError)
  })

  describe('by what is no condition over a row', { concurrency: 2 }, () => {
    const refused: [condition: string, line: number, column: number][] = [
      ['', 1, 1],
      ['-- nothing', 1, 11],
      ['record_offset = ', 1, 17],
      ['record_offset = 1\nAND (record_key = ', 2, 19],
      ['true, false', 1, 5],
      ['SELECT true', 1, 1],
      ['1=1) UNION SELECT 5 --', 1, 4],
      ['1=1) UNION SELECT record_offset FROM orders WHERE (true', 1, 4],
      ['true\n) UNION SELECT 7 --', 2, 1],
      ['true] , [true', 1, 5],
      ['true THEN true END, CASE WHEN true', 1, 19],
      ['true THEN true END OR CASE WHEN true', 1, 6],
      ['true; SELECT 1', 1, 5],
      [`true;ATTACH '/tmp/x.db'`, 1, 5],
      ['true ORDER BY 1', 1, 6],
      ['true LIMIT 1', 1, 6],
      ['true AS other', 1, 6],
      [`'`, 1, 1],
      ['"', 1, 1],
      ['/* x', 1, 1],
      ['$$', 1, 1],
      ['count(*) > 1', 1, 1],
      ['row_number() OVER () = 1', 1, 1],
      ['record_nothing = 1', 1, 1],
      [`true\nAND other.record_key IS NULL`, 2, 5],
      ['EXISTS (SELECT 1 FROM orders)', 1, 23],
      ['record_offset IN (SELECT record_offset FROM payments)', 1, 45],
      [`getenv('HOME') = 'x'`, 1, 1],
    ]
    const placeless = [
      '1',
      'NULL',
      'record_key',
      '*',
      'COLUMNS(*) IS NULL',
      '$x = 1',
      '? = 1',
      `EXISTS (SELECT 1 FROM read_text('/etc/passwd'))`,
      `EXISTS (SELECT 1 FROM '/etc/passwd.csv')`,
      `EXISTS (SELECT 1 FROM glob('/*'))`,
      `EXISTS (SELECT 1 FROM query('SELECT 1'))`,
      'EXISTS (SELECT 1 FROM duckdb_views())',
    ]
    const refusals = [...refused, ...placeless.map((condition) => [condition, undefined, undefined] as const)]
    for (const [condition, line, column] of refusals) {
      it(`is refused${line === undefined ? '' : ' where it goes wrong'}: ${JSON.stringify(condition)}`, async () => {
        await assert.rejects(picker.validate(condition, 'orders', never), (error: unknown) => {
          assert.ok(error instanceof InvalidInputError, String(error))
          assert.ok(['sql-invalid', 'sql-forbidden'].includes(error.code), error.code)
          assert.deepEqual([error.details.line, error.details.column], [line, column], error.message)
          assert.doesNotMatch(`${error.message} ${error.remedy}`, /rows_[0-9a-f]|THEN true|AS judged/)
          return true
        })
      })
    }

    it('picks nothing, also if nobody validated it', async () => {
      const rows = picker.of('record_offset = 0) OR (true', place('orders', 0))
      await assert.rejects(rows.pick(segments[0]!, never), { code: 'sql-invalid' })
    })
  })
})
