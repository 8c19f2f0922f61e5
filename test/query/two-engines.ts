import { randomUUID } from 'node:crypto'
import { DuckDbEngine } from '../../src/adapters/duckdb/engine.ts'
import { openS3Store } from '../../src/adapters/s3/store.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { TrinoEngine } from '../../src/adapters/trino/engine.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import type { QueryEngine } from '../../src/ports/query-engine.ts'
import { commitLogSnapshots } from '../../src/query/archive-snapshots.ts'
import { renderDdl } from '../../src/query/ddl/render.ts'
import { type ShapeOptions, tableShape } from '../../src/query/ddl/table-shape.ts'
import { QueryService } from '../../src/query/query-service.ts'
import { SegmentCache } from '../../src/query/segment-cache.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from '../../src/query/template/library.ts'
import { sharedMinio } from '../kit/minio.ts'
import { freshBucket } from '../kit/s3-server.ts'
import { sharedTrino, type TrinoAccess } from '../kit/trino.ts'
import { onTrino } from '../kit/trino-client.ts'
import { archiveRecords } from './archive.ts'
import { LIMITS, testFolder } from './rig.ts'
import { shop } from './shop.ts'

/** One archive in MinIO, seen by the embedded engine and by a real Trino. */
export interface TwoEngines {
  store: ObjectStore
  trino: TrinoAccess
  /** Of the topics' tables on Trino. */
  schema: string
  duckdb: QueryService
  onTrino: QueryService
  trinoEngine: TrinoEngine
  /** Describes a topic's table. */
  shape(topic: string, options?: Partial<ShapeOptions>): Promise<ReturnType<typeof tableShape>>
}

type Cleanup = { after(cleanup: () => unknown): void }

/** Archives the shop, registers its topics with Trino by what `coldstream ddl` prints, and opens both services over it. */
export async function twoEngines(t: Cleanup): Promise<TwoEngines> {
  const [minio, trino] = await Promise.all([sharedMinio(), sharedTrino()])
  const store = openS3Store(`s3://${await freshBucket(minio)}/archive`, { ...minio, forcePathStyle: true })
  t.after(() => store.close())
  const topics = shop()
  for (const [topic, records] of Object.entries(topics)) await archiveRecords(store, topic, records)

  const schema = `s_${randomUUID().slice(0, 8)}`
  const snapshots = commitLogSnapshots(store)
  const shape: TwoEngines['shape'] = async (topic, options = {}) =>
    tableShape({
      topic,
      segments: (await snapshots.load(topic)).segments,
      storeUrl: store.url,
      table: null,
      schema,
      discovery: 'registered',
      fields: {},
      ...options,
    })
  await onTrino(trino, `CREATE SCHEMA ${schema}`)
  for (const topic of Object.keys(topics)) {
    for (const statement of renderDdl('trino', await shape(topic))) await onTrino(trino, statement)
  }

  const folder = await testFolder(t)
  const templates = await loadTemplates([BUILT_IN_TEMPLATES])
  const files = new SegmentCache({ store, folder, maxBytes: 1 << 30 })
  const service = (engine: QueryEngine): QueryService =>
    new QueryService({
      engines: [engine],
      defaultEngine: engine.name,
      snapshots,
      files,
      templates,
      clock: new SystemClock(),
      limits: LIMITS,
      concurrency: { running: 2, waiting: 20 },
      broker: () => Promise.reject(new Error('there is no broker')),
    })
  const duckEngine = new DuckDbEngine({ temporaryFolder: folder, maxSpillBytes: 1 << 26, threads: 2 })
  const trinoEngine = new TrinoEngine({
    url: trino.url,
    user: 'test',
    password: null,
    accessToken: null,
    catalog: 'hive',
    schema,
  })
  t.after(() => Promise.all([duckEngine.close(), trinoEngine.close()]))
  return { store, trino, schema, duckdb: service(duckEngine), onTrino: service(trinoEngine), trinoEngine, shape }
}
