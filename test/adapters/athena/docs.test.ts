import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { addPartitions } from '../../../src/query/ddl/athena-partitions.ts'
import { ddlText, renderDdl } from '../../../src/query/ddl/render.ts'
import { tableShape } from '../../../src/query/ddl/table-shape.ts'
import { type AthenaOnTrino, startAthenaOnTrino } from './on-trino.ts'
import { ask } from './rig.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/athena.md'), 'utf8')

/** Blocks of the page by what is behind their opening. */
function blocks(kind: string): string[] {
  const pattern = new RegExp(`^( *)\`\`\`${kind}\\n([\\s\\S]*?)^ *\`\`\`$`, 'gm')
  return [...page.matchAll(pattern)].map(([, indent, text]) => text!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
}

describe('docs/athena.md', () => {
  let athena: AthenaOnTrino
  before(async () => {
    athena = await startAthenaOnTrino({}, { registered: true, fields: { order: 'order', type: 'type' } })
  })
  after(() => athena?.stop())

  it('shows the statements that the tool prints', () => {
    const { segments } = athena.table
    const storeUrl = 's3://kafka-event-archive'
    const fields = { order: 'order', type: 'type' }
    const discovery = 'registered'
    const shape = tableShape({ topic: 'orders', segments, storeUrl, table: null, schema: 'events', discovery, fields })
    assert.deepEqual(blocks('sql ddl'), [ddlText(renderDdl('athena', shape))])
    const first = segments.filter(({ path }) => path.includes('hour=09'))
    assert.deepEqual(
      blocks('sql alter').map((text) => text.trimEnd()),
      addPartitions(shape, first, storeUrl),
    )
  })

  it('has queries that run and have rows', async (t) => {
    const engine = athena.open()
    const queries = blocks('sql')
    assert.equal(queries.length, 6)
    for (const sql of queries) {
      const { rows, statistics } = await ask(engine, { sql })
      assert.ok(rows.length > 0, sql)
      t.diagnostic(`${rows.length} rows, ${statistics.scannedBytes} bytes scanned: ${sql.split('\n')[0]}`)
    }
    const [byHour, ofKey, byType, latest, , window] = await Promise.all(queries.map((sql) => ask(engine, { sql })))
    assert.deepEqual(
      byHour!.rows.map(([, , , hour, events]) => [hour, events]),
      [
        ['09', 60n],
        ['10', 60n],
      ],
    )
    assert.equal(ofKey!.rows.length, 8)
    assert.deepEqual(byType!.rows[0], ['OrderShipped', 20n, 465])
    assert.equal(latest!.rows.length, 14)
    assert.deepEqual(window!.rows, [[60n]])
    await engine.close()
  })

  it('has a policy that is JSON and lets nobody write to the archive', () => {
    const [text] = blocks('json')
    const policy = JSON.parse(text!) as { Statement: { Action: string[]; Resource: string | string[] }[] }
    for (const { Action, Resource } of policy.Statement) {
      if (!String(Resource).includes('kafka-event-archive/')) continue
      assert.deepEqual(
        Action.filter((action) => /Put|Delete|Create|Update/.test(action)),
        [],
      )
    }
  })
})
