import { queryEngineSuite } from '../../conformance/query-engine.ts'
import { startAthenaOnTrino } from './on-trino.ts'
import { queryOf } from './rig.ts'

/** Trino makes no longer sequences. */
const LONGEST = 10_000

queryEngineSuite('Athena (its protocol by the kit, its SQL by Trino)', async () => {
  const athena = await startAthenaOnTrino()
  return {
    engine: athena.open(),
    tables: queryOf({ sql: '' }).tables,
    orders: 'orders',
    series: (count) => {
      const starts = Array.from({ length: Math.ceil(count / LONGEST) }, (_, part) => part * LONGEST)
      const parts = starts.map((first) => `sequence(${first + 1}, ${Math.min(count, first + LONGEST)})`)
      return `SELECT n FROM UNNEST(ARRAY[${parts.join(', ')}]) a(part), UNNEST(part) b(n) ORDER BY n`
    },
    endless:
      'SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 10000)) c(z) WHERE x * y = z - 1',
    stop: () => athena.stop(),
  }
})
