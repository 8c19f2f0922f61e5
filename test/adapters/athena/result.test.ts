import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AthenaEngine } from '../../../src/adapters/athena/engine.ts'
import { SystemClock } from '../../../src/adapters/system-clock.ts'
import { resultsIn } from '../../kit/athena-results.ts'
import { type SqlAnswer, startAthenaServer } from '../../kit/athena-server.ts'
import { sharedMinio } from '../../kit/minio.ts'
import { freshBucket } from '../../kit/s3-server.ts'
import { LIMITS } from '../../query/rig.ts'
import { ask, numbers, optionsFor, queryOf, scripted } from './rig.ts'

const pagesAsked = (requests: readonly { action: string }[]) =>
  requests.filter(({ action }) => action === 'GetQueryResults').length

describe('a result of Athena', () => {
  it('has typed values: large integers, bytes, times, NULL and the empty text apart', async (t) => {
    const types: [type: string, text: string | null, value: unknown][] = [
      ['boolean', 'true', true],
      ['tinyint', '-128', -128],
      ['integer', '2147483647', 2147483647],
      ['bigint', '9007199254740993', 9007199254740993n],
      ['double', '1.0E10', 1e10],
      ['double', 'Infinity', Number.POSITIVE_INFINITY],
      ['float', '0.5', 0.5],
      ['decimal', '170141183460469231731687303715884105727', '170141183460469231731687303715884105727'],
      ['varchar', '', ''],
      ['varchar', 'ä "quoted", and\nbroken', 'ä "quoted", and\nbroken'],
      ['varchar', null, null],
      ['varbinary', '7b 00 ff', new Uint8Array([0x7b, 0, 0xff])],
      ['varbinary', '', new Uint8Array(0)],
      ['date', '2025-01-14', '2025-01-14'],
      ['timestamp', '2025-01-14 09:00:00.000', '2025-01-14T09:00:00'],
      ['timestamp', '2025-01-14 09:00:00.120', '2025-01-14T09:00:00.12'],
      ['timestamp with time zone', '2025-01-14 09:00:00.500 UTC', '2025-01-14T09:00:00.5Z'],
      ['timestamp with time zone', '2025-01-14 01:30:00.000001 +02:00', '2025-01-13T23:30:00.000001Z'],
      ['timestamp with time zone', '2025-01-14 09:00:00.000 Europe/Berlin', '2025-01-14T09:00:00[Europe/Berlin]'],
      ['json', '{"a":1}', '{"a":1}'],
      ['array', '[1, 2]', '[1, 2]'],
    ]
    const answer: SqlAnswer = {
      columns: types.map(([type], index) => ({ name: `c${index}`, type })),
      rows: [types.map(([, text]) => text)],
    }
    const { engine } = await scripted(t, () => answer)
    const { rows, columns } = await ask(engine, { sql: 'SELECT 1' })
    assert.deepEqual(
      rows[0],
      types.map(([, , value]) => value),
    )
    assert.deepEqual(columns[1], { name: 'c1', type: 'tinyint' })
  })

  it('comes page by page where Athena keeps it, its header once', async (t) => {
    const { server, engine } = await scripted(t, ({ sql }) => numbers(Number(sql.slice(7))))
    for (const [rows, pages] of [
      [0, 1],
      [998, 1],
      [999, 1],
      [1000, 2],
      [1999, 2],
      [2500, 3],
    ] as const) {
      const before = pagesAsked(server.requests)
      const answer = await ask(engine, { sql: `SELECT ${rows}` })
      assert.deepEqual(
        answer.rows,
        Array.from({ length: rows }, (_, n) => [BigInt(n)]),
      )
      assert.equal(answer.statistics.rows, rows)
      assert.equal(pagesAsked(server.requests) - before, pages, `${rows} rows`)
    }
  })

  it('shows a row that looks like the header', async (t) => {
    const { engine } = await scripted(t, () => ({ columns: [{ name: 'n', type: 'varchar' }], rows: [['n'], ['n']] }))
    assert.deepEqual((await ask(engine, { sql: 'SELECT n' })).rows, [['n'], ['n']])
  })

  it('is cut at the row limit and at the byte limit, and says so', async (t) => {
    const { server, engine } = await scripted(t, () => numbers(5000))
    const cut = async (limits: object) => {
      const { rows, statistics } = await ask(engine, { sql: 'SELECT n', limits: { ...LIMITS, ...limits } })
      return [rows.length, statistics.rows, statistics.truncated]
    }
    assert.deepEqual(await cut({ maxRows: 10 }), [10, 10, true])
    assert.equal(pagesAsked(server.requests), 1)
    assert.deepEqual(await cut({ maxRows: 4999 }), [4999, 4999, true])
    assert.deepEqual(await cut({ maxRows: 5000 }), [5000, 5000, false])
    assert.deepEqual(await cut({ maxResultBytes: 1700 }), [95, 95, true])
  })

  it('can be given up: unread, between two pages, by a cancel', async (t) => {
    const { server, engine } = await scripted(t, () => numbers(5000))
    const dropped = await engine.run(queryOf({ sql: 'SELECT 1' }), new AbortController().signal)
    await dropped.rows.return?.()
    await dropped.ended
    const reading = new AbortController()
    const result = await engine.run(queryOf({ sql: 'SELECT 2' }), reading.signal)
    assert.equal((await result.rows.next()).done, false)
    reading.abort()
    await result.ended
    await assert.rejects(result.rows.next(), { code: 'query-cancelled' })
    const unread = new AbortController()
    const { ended } = await engine.run(queryOf({ sql: 'SELECT 3' }), unread.signal)
    unread.abort()
    await ended
    assert.equal(pagesAsked(server.requests), 3)
  })

  it('tells scanned bytes, what they cost at the configured price, and whether it was taken again', async (t) => {
    const GB = 1024 ** 3
    const { server, engine } = await scripted(
      t,
      ({ sql }, _, scanned) => {
        scanned(sql.includes('tiny') ? 1 : 512 * GB)
        return numbers(1)
      },
      { pricePerTb: 6, reuseMaxAgeMinutes: 60 },
    )
    const first = (await ask(engine, { sql: 'SELECT n' })).statistics
    assert.deepEqual([first.scannedBytes, first.costUsd, first.isReused, first.files], [512 * GB, 3, false, 0])
    assert.match(first.engineQueryId ?? '', /^[0-9a-f-]{36}$/)
    const again = (await ask(engine, { sql: 'SELECT n' })).statistics
    assert.deepEqual([again.scannedBytes, again.costUsd, again.isReused], [0, 0, true])
    // ten megabytes are the least that is billed
    assert.equal((await ask(engine, { sql: 'SELECT tiny' })).statistics.costUsd, (10 / 1024 ** 2) * 6)
    assert.deepEqual(server.requests[0]!.input.ResultReuseConfiguration, {
      ResultReuseByAgeConfiguration: { Enabled: true, MaxAgeInMinutes: 60 },
    })
  })
})

describe('a large result of Athena', () => {
  const words = ['', null, 'plain', 'with "quotes", commas', 'two\nlines', 'ä日🎈', 'NULL']
  const answer: SqlAnswer = {
    columns: [
      { name: 'n', type: 'bigint' },
      { name: 'word, "odd"', type: 'varchar' },
    ],
    rows: Array.from({ length: 30_000 }, (_, n) => [String(n), words[n % words.length]!]),
  }
  const expected = answer.rows.map(([n, word]) => [BigInt(n!), word])

  it('is read from the object that Athena wrote, value for value as from its pages', async (t) => {
    const minio = await sharedMinio()
    const bucket = await freshBucket(minio)
    const server = await startAthenaServer({ engine: { run: async () => answer }, results: resultsIn(minio) })
    t.after(() => server.stop())
    const options = optionsFor(server.url, {
      outputLocation: `s3://${bucket}/athena/results/`,
      credentials: minio,
      region: minio.region,
      results: { endpoint: minio.endpoint, forcePathStyle: true },
    })
    const engine = new AthenaEngine(options, new SystemClock())
    t.after(() => engine.close())
    const limits = { ...LIMITS, maxRows: 100_000 }
    const { rows } = await ask(engine, { sql: 'SELECT n', limits })
    assert.deepEqual(rows, expected)
    assert.equal(pagesAsked(server.requests), 1)
    const cut = await ask(engine, { sql: 'SELECT n', limits: { ...limits, maxRows: 1500 } })
    assert.deepEqual([cut.rows.length, cut.statistics.truncated], [1500, true])

    // A role that may not read the bucket gets the same by pages.
    const strangers = new AthenaEngine(
      { ...options, credentials: { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'none' } },
      new SystemClock(),
    )
    t.after(() => strangers.close())
    const paged = await ask(strangers, { sql: 'SELECT n', limits })
    assert.deepEqual(paged.rows, expected)
    assert.equal(pagesAsked(server.requests), 1 + 1 + 31)
  })
})
