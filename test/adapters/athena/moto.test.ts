import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AthenaEngine } from '../../../src/adapters/athena/engine.ts'
import { SystemClock } from '../../../src/adapters/system-clock.ts'
import { type Moto, startMoto } from '../../kit/moto.ts'
import { ask, optionsFor } from './rig.ts'

describe('Athena as moto understands its API', () => {
  let moto: Moto
  let engine: AthenaEngine
  before(async () => {
    moto = await startMoto()
    engine = new AthenaEngine(optionsFor(moto.url, { outputLocation: 's3://results/coldstream/' }), new SystemClock())
  })
  after(async () => {
    await engine.close()
    await moto.stop()
  })

  it('takes our requests and gives the rows that were queued, typed', async () => {
    const columns = [
      { name: 'key', type: 'varchar' },
      { name: 'events', type: 'bigint' },
    ]
    await moto.queueResult(
      [
        ['order-1', '12'],
        [null, '9007199254740993'],
      ],
      columns,
    )
    const answer = await ask(engine, {
      sql: 'SELECT key, count(*) AS events FROM orders WHERE key > $key GROUP BY key',
      parameters: [{ name: 'key', type: 'string', value: "o'r" }],
    })
    assert.deepEqual(answer.columns, columns)
    assert.deepEqual(answer.rows, [
      ['order-1', 12n],
      [null, 9_007_199_254_740_993n],
    ])
  })

  it('kept statement, parameters, workgroup and place of the result as we meant them', async () => {
    await moto.queueResult([['x']], [{ name: 'x', type: 'varchar' }])
    const { statistics } = await ask(engine, {
      sql: 'SELECT x FROM orders WHERE x = $x',
      parameters: [{ name: 'x', type: 'string', value: "o'r" }],
    })
    const { QueryExecution } = await call('GetQueryExecution', { QueryExecutionId: statistics.engineQueryId })
    assert.equal(QueryExecution.Query, 'SELECT x FROM orders WHERE x = ? ')
    assert.deepEqual(QueryExecution.ExecutionParameters, ["'o''r'"])
    assert.equal(QueryExecution.WorkGroup, 'primary')
    assert.deepEqual(QueryExecution.QueryExecutionContext, { Catalog: 'AwsDataCatalog', Database: 'default' })
    assert.match(QueryExecution.ResultConfiguration.OutputLocation, /^s3:\/\/results\/coldstream\//)
  })

  it('refuses a workgroup that it does not have', async () => {
    const stranger = new AthenaEngine(optionsFor(moto.url, { workgroup: 'nobodys' }), new SystemClock())
    await assert.rejects(ask(stranger, { sql: 'SELECT 1' }), { code: 'athena-workgroup' })
    await stranger.close()
  })

  /** Asks moto without our client. */
  async function call(action: string, input: object): Promise<{ QueryExecution: Described }> {
    const response = await fetch(moto.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AmazonAthena.${action}`,
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIATEST/20250114/eu-west-1/athena/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify(input),
    })
    return (await response.json()) as { QueryExecution: Described }
  }
})

interface Described {
  Query: string
  ExecutionParameters: string[]
  WorkGroup: string
  QueryExecutionContext: object
  ResultConfiguration: { OutputLocation: string }
}
