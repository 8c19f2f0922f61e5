import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { addPartitions } from '../../../src/query/ddl/athena-partitions.ts'
import { registerPartitions } from '../../../src/query/partition-registration.ts'
import { type AthenaOnTrino, startAthenaOnTrino } from './on-trino.ts'
import { ask } from './rig.ts'

describe('partitions of a table in Athena', () => {
  let athena: AthenaOnTrino
  before(async () => {
    athena = await startAthenaOnTrino({}, { registered: false })
  })
  after(() => athena?.stop())

  it('are registered by what the archive holds, and again without harm; then its rows are seen', async () => {
    const engine = athena.open()
    const sql = 'SELECT count(*) FROM orders'
    assert.deepEqual((await ask(engine, { sql })).rows, [[0n]])
    const signal = new AbortController().signal
    assert.equal(await registerPartitions(engine, athena.table, signal), 1)
    assert.equal(await registerPartitions(engine, athena.table, signal), 1)
    assert.deepEqual((await ask(engine, { sql })).rows, [[120n]])
    assert.deepEqual((await ask(engine, { sql: `${sql} WHERE hour = '09'` })).rows, [[60n]])
    const sent = server().filter((text) => text.startsWith('ALTER'))
    assert.equal(
      sent[0],
      `ALTER TABLE \`${athena.database}\`.\`orders\` ADD IF NOT EXISTS
  PARTITION (\`year\` = '2025', \`month\` = '01', \`day\` = '14', \`hour\` = '09') LOCATION 's3://${athena.bucket}/topics/orders/year=2025/month=01/day=14/hour=09/'
  PARTITION (\`year\` = '2025', \`month\` = '01', \`day\` = '14', \`hour\` = '10') LOCATION 's3://${athena.bucket}/topics/orders/year=2025/month=01/day=14/hour=10/'`,
    )
    await engine.close()
  })

  it('go a hundred to a statement, each folder once', () => {
    const segments = Array.from({ length: 500 }, (_, index) => ({
      path: `topics/o/dt=${index % 250}/o+0+${index}.parquet`,
    }))
    const statements = addPartitions({ schema: 'a', table: 'o' }, segments, 's3://b/')
    assert.deepEqual(
      statements.map((text) => text.match(/PARTITION/g)!.length),
      [100, 100, 50],
    )
    assert.match(statements[0]!, /\(`dt` = '0'\) LOCATION 's3:\/\/b\/topics\/o\/dt=0\/'\n/)
  })

  const server = () => athena.server.requests.map(({ input }) => String(input.QueryString))
})
