import { TrinoEngine } from '../../../src/adapters/trino/engine.ts'
import { queryEngineSuite } from '../../conformance/query-engine.ts'
import { TRINO_ENDLESS, trinoSeries } from '../../conformance/trino-sql.ts'
import { startAthenaOnTrino } from '../athena/on-trino.ts'
import { queryOf } from '../athena/rig.ts'

queryEngineSuite('Trino', async () => {
  const { trino, database, stop } = await startAthenaOnTrino()
  const access = { url: trino.url, user: 'test', password: null, accessToken: null }
  const engine = new TrinoEngine({ ...access, catalog: 'hive', schema: database })
  return {
    engine,
    tables: queryOf({ sql: '' }).tables,
    orders: 'orders',
    series: trinoSeries,
    endless: TRINO_ENDLESS,
    stop,
  }
})
