import { queryEngineSuite } from '../../conformance/query-engine.ts'
import { TRINO_ENDLESS, trinoSeries } from '../../conformance/trino-sql.ts'
import { startAthenaOnTrino } from './on-trino.ts'
import { queryOf } from './rig.ts'

queryEngineSuite('Athena (its protocol by the kit, its SQL by Trino)', async () => {
  const athena = await startAthenaOnTrino()
  return {
    engine: athena.open(),
    tables: queryOf({ sql: '' }).tables,
    orders: 'orders',
    series: trinoSeries,
    endless: TRINO_ENDLESS,
    stop: () => athena.stop(),
  }
})
