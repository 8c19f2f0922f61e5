import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { wireStatement } from '../../src/adapters/trino/statement.ts'
import { trinoDialect } from '../../src/format/trino-dialect.ts'
import { commitLogSnapshots } from '../../src/query/archive-snapshots.ts'
import { partitionBounds } from '../../src/query/partition-bounds.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from '../../src/query/template/library.ts'
import { render } from '../../src/query/template/render.ts'
import type { Template } from '../../src/query/template/template.ts'
import { readValues } from '../../src/query/template/values.ts'
import { parseTimestamp } from '../../src/query/timestamp.ts'
import { onTrino } from '../kit/trino-client.ts'
import { type TwoEngines, twoEngines } from './two-engines.ts'

const from = '2025-01-14T10:00:00Z'
const until = '2025-01-14T11:00:00Z'

const templates = (await loadTemplates([BUILT_IN_TEMPLATES])).list()

describe('A template with a time window, on Trino', () => {
  let engines: TwoEngines
  const cleanups: (() => unknown)[] = []
  before(async () => {
    engines = await twoEngines({ after: (cleanup) => void cleanups.push(cleanup) })
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  /** The template's statement as it goes over the wire, explained. */
  async function explain(template: Template, catalog = 'hive', schema = engines.schema): Promise<string> {
    const snapshots = commitLogSnapshots(engines.store)
    const topics = await snapshots.topics()
    const given = Object.fromEntries(
      template.parameters.flatMap(({ name, type, default: preset }) => {
        if (name === 'from') return [['from', from]]
        if (name === 'until') return [['until', until]]
        if (type === 'topic') return [[name, ['payments', 'shipments'].includes(name) ? name : 'shop-events']]
        return preset === null ? [[name, 'x']] : []
      }),
    )
    const values = readValues(template, given, { nowMs: new SystemClock().nowMs(), topics })
    const micros = { fromMicros: parseTimestamp(from, 0), untilMicros: parseTimestamp(until, 0) }
    const bounds = new Map(
      await Promise.all(
        topics.map(async (topic) => [topic, partitionBounds((await snapshots.load(topic)).segments, micros)!] as const),
      ),
    )
    const { sql, parameters } = render(template, values, trinoDialect, bounds)
    const { text } = wireStatement(sql, parameters)
    // not TYPE IO, which fails where a constraint is on bytes
    const plan = await onTrino(engines.trino, `EXPLAIN ${text}`, catalog, schema)
    return String(plan[0]![0])
  }

  for (const template of templates) {
    it(`reads the partitions of its window alone: ${template.name}`, async () => {
      const plan = await explain(template)
      const scans = plan.match(/table = hive:/g) ?? []
      const hours = [...plan.matchAll(/hour:string:PARTITION_KEY\s+:: (.*)/g)].map((match) => match[1])
      assert.ok(scans.length > 0)
      assert.deepEqual(
        hours,
        scans.map(() => '[[10]]'),
        plan,
      )
    })
  }

  it('fails on an Iceberg table, which has no partition columns, and says which one it lacks', async () => {
    const { trino, schema } = engines
    const other = `${schema}_iceberg`
    await onTrino(trino, `CREATE SCHEMA iceberg.${other}`)
    await onTrino(
      trino,
      `CREATE TABLE iceberg.${other}.shop_events AS
      SELECT record_partition, record_offset, CAST(record_timestamp AS timestamp(6) with time zone) AS record_timestamp,
        record_key, record_value, record_headers FROM hive.${schema}.shop_events`,
    )
    await assert.rejects(explain(templates.find(({ name }) => name === 'top-keys')!, 'iceberg', other), {
      message: /Column 'year' cannot be resolved/,
    })
  })
})
