import { randomUUID } from 'node:crypto'
import { AthenaEngine } from '../../../src/adapters/athena/engine.ts'
import type { AthenaOptions } from '../../../src/adapters/athena/options.ts'
import { openS3Store } from '../../../src/adapters/s3/store.ts'
import { SystemClock } from '../../../src/adapters/system-clock.ts'
import { commitLogSnapshots } from '../../../src/query/archive-snapshots.ts'
import { renderDdl } from '../../../src/query/ddl/render.ts'
import { tableShape } from '../../../src/query/ddl/table-shape.ts'
import type { registerPartitions } from '../../../src/query/partition-registration.ts'
import type { Workgroup } from '../../kit/athena-executions.ts'
import { resultsIn } from '../../kit/athena-results.ts'
import { type AthenaServer, type SqlAnswer, startAthenaServer } from '../../kit/athena-server.ts'
import { athenaOnTrino } from '../../kit/athena-trino.ts'
import { sharedMinio } from '../../kit/minio.ts'
import { freshBucket, type S3Access } from '../../kit/s3-server.ts'
import { sharedTrino, type TrinoAccess } from '../../kit/trino.ts'
import { archiveRecords } from '../../query/archive.ts'
import { orders } from '../../query/orders.ts'
import { optionsFor } from './rig.ts'

/** An archive of `orders()` in a bucket, a table over it, and a server that speaks Athena's protocol about it. */
export interface AthenaOnTrino {
  server: AthenaServer
  database: string
  trino: TrinoAccess
  minio: S3Access
  bucket: string
  /** An engine for it, with other options than the usual. */
  open(options?: Partial<AthenaOptions>): AthenaEngine
  /** Runs on Trino what Athena's engine would refuse. */
  define(sql: string): Promise<SqlAnswer>
  /** What describes the table. */
  table: Parameters<typeof registerPartitions>[1]
  stop(): Promise<void>
}

export async function startAthenaOnTrino(
  workgroups: Record<string, Workgroup> = {},
  { registered, fields = {} }: { registered: boolean; fields?: Record<string, string> } = { registered: true },
): Promise<AthenaOnTrino> {
  const minio = await sharedMinio()
  const [bucket, trinoAccess] = await Promise.all([freshBucket(minio), sharedTrino()])
  const trino = athenaOnTrino(trinoAccess.url)
  const database = `archive_${randomUUID().slice(0, 8)}`
  const define = async (sql: string): Promise<SqlAnswer> => {
    const statement = { sql, parameters: [], catalog: 'hive', database: 'default' }
    return await trino.run(statement, new AbortController().signal, () => undefined)
  }
  const store = openS3Store(`s3://${bucket}`, minio)
  await archiveRecords(store, 'orders', orders())
  const { segments } = await commitLogSnapshots(store).load('orders')
  const shape = tableShape({
    topic: 'orders',
    segments,
    storeUrl: store.url,
    table: null,
    schema: database,
    discovery: 'registered',
    fields,
  })
  await store.close()
  // What Trino has for the statements of Athena's own catalog.
  for (const sql of [`CREATE SCHEMA ${database}`, ...renderDdl('trino', shape)]) {
    if (registered || !sql.startsWith('CALL')) await define(sql)
  }
  const server = await startAthenaServer({
    engine: trino,
    results: resultsIn(minio),
    workgroups: { primary: {}, ...workgroups },
  })
  return {
    server,
    database,
    trino: trinoAccess,
    minio,
    bucket,
    open: (options = {}) =>
      new AthenaEngine(
        optionsFor(server.url, {
          database,
          outputLocation: `s3://${bucket}/athena-results/`,
          credentials: minio,
          region: minio.region,
          results: { endpoint: minio.endpoint, forcePathStyle: true },
          ...options,
        }),
        new SystemClock(),
      ),
    define,
    table: { shape, segments, storeUrl: store.url },
    stop: server.stop,
  }
}
