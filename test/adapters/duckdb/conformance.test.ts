import { DuckDbEngine } from '../../../src/adapters/duckdb/engine.ts'
import { commitLogSnapshots } from '../../../src/query/archive-snapshots.ts'
import { ArchiveTables } from '../../../src/query/archive-tables.ts'
import { filesInPlace } from '../../../src/query/segment-files.ts'
import { queryEngineSuite } from '../../conformance/query-engine.ts'
import { archiveRecords } from '../../query/archive.ts'
import { orders } from '../../query/orders.ts'
import { testFolder, testStore } from '../../query/rig.ts'

queryEngineSuite('DuckDB', async () => {
  const cleanups: (() => unknown)[] = []
  const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
  const store = await testStore(t)
  await archiveRecords(store, 'orders', orders())
  const engine = new DuckDbEngine({
    temporaryFolder: await testFolder(t),
    maxSpillBytes: 64 * 1024 * 1024,
    threads: 2,
  })
  return {
    engine,
    tables: new ArchiveTables(commitLogSnapshots(store), filesInPlace(store), null),
    orders: 'orders',
    series: (count) => `SELECT range AS n FROM range(1, ${count + 1}) ORDER BY n`,
    endless: 'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range + b.range) = 1',
    async stop() {
      await engine.close()
      for (const cleanup of cleanups.reverse()) await cleanup()
    },
  }
})
