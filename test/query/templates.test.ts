import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { InvalidInputError } from '../../src/errors.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from '../../src/query/template/library.ts'
import { archiveRecords } from './archive.ts'
import { NINE, orders } from './orders.ts'
import { openRig, type Rig, testFolder, testStore } from './rig.ts'

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
const hourOf = (ms: number): string => iso(Math.floor(ms / 3_600_000) * 3_600_000)

/** The JSON value's field as text, null where there is none. */
function field(bytes: Uint8Array | null, name: string): string | null {
  try {
    return String(JSON.parse(text(bytes) ?? 'null')[name])
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null
    throw error
  }
}

describe('The built-in templates', () => {
  const source = orders()
  let rig: Rig
  const cleanups: (() => unknown)[] = []
  const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
  before(async () => {
    const store = await testStore(t)
    await archiveRecords(store, 'orders', source)
    await archiveRecords(store, 'odd "name".v1', source.slice(0, 3))
    rig = await openRig(t, store)
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })
  const run = async (template: string, parameters = {}) =>
    (await rig.query({ template, parameters: { topic: 'orders', ...parameters } })).rows

  it('events-of-key shows exactly the events of the key in order', async () => {
    const expected = source
      .filter((record) => text(record.key) === 'order-1-3')
      .map((record) => [iso(record.timestampMs), record.partition, record.offset, 'order-1-3', text(record.value)])
    assert.deepEqual(await run('events-of-key', { key: 'order-1-3' }), expected)
    assert.deepEqual(await run('events-of-key', { key: 'order-1-3', limit: 2 }), expected.slice(0, 2))
  })

  it('events-of-key takes a value that looks like SQL as the key that it is', async () => {
    assert.deepEqual(await run('events-of-key', { key: "' OR 1=1 --" }), [])
    assert.deepEqual(await run('events-of-key', { key: ':topic {topic} $key' }), [])
  })

  it('latest-state-per-key shows the newest event of each key, as of a time, tombstones only on request', async () => {
    const stateAt = (untilMs: number) => {
      const newest = new Map<string, (typeof source)[number]>()
      for (const record of source) {
        if (record.key !== null && record.timestampMs < untilMs) newest.set(text(record.key)!, record)
      }
      return [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, { value }]) => [key, text(value)])
    }
    const untilMs = NINE + 34 * 60_000
    const shown = async (parameters: object) =>
      (await run('latest-state-per-key', parameters)).map((row) => row.slice(0, 2))
    assert.ok(
      stateAt(untilMs).some(([, value]) => value === null),
      'no tombstone among the newest events',
    )
    assert.deepEqual(await shown({ until: iso(untilMs), include_deleted: true }), stateAt(untilMs))
    assert.deepEqual(
      await shown({ until: iso(untilMs) }),
      stateAt(untilMs).filter(([, value]) => value !== null),
    )
    assert.deepEqual(await shown({ include_deleted: true }), stateAt(Number.POSITIVE_INFINITY))
  })

  it('events-per-type-and-hour counts by a JSON field, what has none as NULL', async () => {
    const counts = Map.groupBy(source, (record) => `${hourOf(record.timestampMs)} ${field(record.value, 'type')}`)
    const rows = await run('events-per-type-and-hour')
    assert.deepEqual(
      Object.fromEntries(rows.map(([hour, type, events]) => [`${hour} ${type}`, Number(events)])),
      Object.fromEntries([...counts].map(([key, records]) => [key, records.length])),
    )
  })

  it('volume-per-partition-and-hour adds up records and bytes', async () => {
    const groups = Map.groupBy(source, (record) => `${record.partition} ${hourOf(record.timestampMs)}`)
    const expected = [...groups.values()].map((records) => [
      records[0]!.partition,
      hourOf(records[0]!.timestampMs),
      BigInt(records.length),
      BigInt(records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)),
      records[0]!.offset,
      records.at(-1)!.offset,
    ])
    assert.deepEqual(await run('volume-per-partition-and-hour'), expected)
  })

  it('top-keys ranks keys by their events', async () => {
    const counts = Map.groupBy(
      source.filter(({ key }) => key !== null),
      ({ key }) => text(key)!,
    )
    const expected = [...counts]
      .map(([key, records]) => [key, records.length] as const)
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, 5)
    const rows = await run('top-keys', { limit: '5' })
    assert.deepEqual(
      rows.map(([key, events]) => [key, Number(events)]),
      expected,
    )
  })

  it('duplicates-by-field finds the ids that were sent twice', async () => {
    const ids = Map.groupBy(source, ({ value }) => field(value, 'id'))
    const expected = [...ids]
      .filter(([id, records]) => id !== null && records.length > 1)
      .map(([id]) => id)
      .sort()
    const rows = await run('duplicates-by-field', { field: 'id' })
    assert.ok(expected.length > 0)
    assert.deepEqual(
      rows.map(([id]) => id),
      expected,
    )
    assert.ok(rows.every(([, copies]) => copies === 2n))
  })

  it('gaps-and-tombstones counts tombstones, null keys and missing offsets', async () => {
    const rows = await run('gaps-and-tombstones')
    const totals = [2, 3, 4, 5].map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0))
    const nulls = (name: 'key' | 'value') => source.filter((record) => record[name] === null).length
    assert.deepEqual(totals, [source.length, nulls('value'), nulls('key'), 2 * 5])
  })

  it('read only the files of their window', async () => {
    const parameters = { topic: 'orders', from: iso(NINE + 3_600_000), until: 'latest' }
    const { rows, statistics } = await rig.query({ template: 'volume-per-partition-and-hour', parameters })
    assert.equal(statistics.files, 2)
    assert.equal(rows.length, 2)
  })

  it('take a topic whatever its name', async () => {
    const { rows } = await rig.query({ template: 'top-keys', parameters: { topic: 'odd "name".v1' } })
    assert.equal(rows.length, 3)
  })

  it('name every wrong parameter at once', async () => {
    const parameters = { topic: 'ordrs', limit: '0', from: '2025-02-30', lmit: 3 }
    await assert.rejects(rig.query({ template: 'events-of-key', parameters }), (error: InvalidInputError) => {
      assert.ok(error instanceof InvalidInputError)
      assert.deepEqual(error.details.problems, [
        'lmit: the template has no such parameter',
        'topic: is not an archived topic: odd "name".v1, orders',
        'key: is required',
        'from: is no time: ISO 8601 (2025-01-14, 2025-01-14T09:00:00Z), epoch milliseconds, now, now-24h, earliest or latest',
        'limit: is below 1',
      ])
      assert.match(error.remedy, /key \(string, required\), from \(timestamp, default earliest\)/)
      return true
    })
    const field = { topic: 'orders', field: "a') OR 1=1 --" }
    await assert.rejects(rig.query({ template: 'duplicates-by-field', parameters: field }), /is no field path/)
  })

  it('are listed with their parameters, and an unknown one is answered with their names', async () => {
    const names = rig.service.templates().map(({ name }) => name)
    assert.deepEqual(names, [
      'duplicates-by-field',
      'events-of-key',
      'events-per-header',
      'events-per-type-and-hour',
      'events-with-field',
      'events-with-header',
      'field-distribution',
      'funnel',
      'gaps-and-tombstones',
      'inter-event-times',
      'late-events',
      'latest-state-per-key',
      'orders-payments-shipments',
      'schema-versions',
      'top-keys',
      'volume-per-partition-and-hour',
    ])
    await assert.rejects(rig.query({ template: 'nope' }), { code: 'template-not-found', remedy: /events-of-key/ })
  })
})

describe('docs/templates.md', () => {
  const page = readFile(new URL('../../docs/templates.md', import.meta.url), 'utf8')

  it('shows every built-in template', async () => {
    const rows = [...(await page).matchAll(/^\| `([a-z-]+)` \| (.+?) \|/gm)].map(([, name, title]) => [name, title])
    const list = (await loadTemplates([BUILT_IN_TEMPLATES])).list()
    assert.deepEqual(
      rows,
      list.map(({ name, title }) => [name, title]),
    )
  })

  it('has an example that is a template', async (t) => {
    const [, example] = /```sql\n(-- title[\s\S]*?)```/.exec(await page)!
    const folder = await testFolder(t)
    await writeFile(join(folder, 'example.sql'), example!)
    assert.equal((await loadTemplates([folder])).get('example').columns.length, 2)
    const store = await testStore(t)
    await archiveRecords(store, 'orders', orders())
    const rig = await openRig(t, store, undefined, [folder])
    const parameters = { topic: 'orders', amount_field: 'total', least: 85, from: 'earliest' }
    const { rows } = await rig.query({ template: 'example', parameters })
    assert.deepEqual(
      rows.map(([, amount]) => amount),
      [88.5, 88.5, 87, 87, 85.5, 85.5],
    )
  })
})

describe("A user's own templates", () => {
  const good =
    '-- title: Mine\n-- description: Counts.\n-- param topic topic required: t\n\nSELECT count(*) FROM {topic}\n'

  it('are found beside the built-in ones', async (t) => {
    const folder = await testFolder(t)
    await writeFile(join(folder, 'mine.sql'), good)
    const library = await loadTemplates([BUILT_IN_TEMPLATES, folder])
    assert.equal(library.get('mine').title, 'Mine')
    assert.equal(library.list().length, 17)
  })

  it('are refused with every problem of every file at its line', async (t) => {
    const folder = await testFolder(t)
    await mkdir(join(folder, 'ignored'))
    await writeFile(join(folder, 'top-keys.sql'), good)
    await writeFile(
      join(folder, 'one.sql'),
      '-- titel: x\n-- description: d\n-- param n integer default x: n\n\nSELECT :m;\nSELECT 2',
    )
    await writeFile(
      join(folder, 'two.sql'),
      "-- title: t\n-- description: d\n-- param a number required: a\n-- param b string: b\n-- column c text: c\n\nSELECT 'open",
    )
    await assert.rejects(loadTemplates([BUILT_IN_TEMPLATES, folder]), (error: InvalidInputError) => {
      const problems = error.details.problems as string[]
      const short = problems.map((problem) => problem.replace(/^.*\/(?=[^/]*\.sql:)/, ''))
      assert.deepEqual(short.slice(0, -1), [
        'one.sql:1: not a header line: title:, description:, window:, param or column; other comments belong below the header, after an empty line',
        'one.sql:1: the header has no `-- title: …`',
        'one.sql:3: `n` is declared but not used',
        'one.sql:3: the default of `n` is no whole number',
        'one.sql:5: `m` is not declared: add `-- param m …`',
        'one.sql:6: a template is one statement: nothing may follow the `;`',
        'top-keys.sql:1: queries/top-keys.sql has this name already; name yours differently',
        'two.sql:3: the type of `a` is none of string, integer, double, boolean, timestamp, topic, field',
        'two.sql:4: `b` is either `required` or has a `default`',
        'two.sql:5: the type of `c` is none of string, integer, bigint, double, boolean, timestamp, bytes',
      ])
      assert.equal(short.at(-1), 'two.sql:7: a string is not closed')
      return true
    })
    await assert.rejects(loadTemplates([join(folder, 'nowhere')]), { code: 'templates-invalid', message: /nowhere/ })
  })
})
