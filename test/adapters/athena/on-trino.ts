import { randomUUID } from 'node:crypto'
import { AthenaEngine } from '../../../src/adapters/athena/engine.ts'
import type { AthenaOptions } from '../../../src/adapters/athena/options.ts'
import { openS3Store } from '../../../src/adapters/s3/store.ts'
import { SystemClock } from '../../../src/adapters/system-clock.ts'
import type { Workgroup } from '../../kit/athena-executions.ts'
import { resultsIn } from '../../kit/athena-results.ts'
import { type AthenaServer, type SqlAnswer, startAthenaServer } from '../../kit/athena-server.ts'
import { athenaOnTrino } from '../../kit/athena-trino.ts'
import { sharedMinio } from '../../kit/minio.ts'
import { freshBucket, type S3Access } from '../../kit/s3-server.ts'
import { sharedTrino } from '../../kit/trino.ts'
import { archiveRecords } from '../../query/archive.ts'
import { orders } from '../../query/orders.ts'
import { optionsFor } from './rig.ts'

/** An archive of `orders()` in a bucket, a table over it, and a server that speaks Athena's protocol about it. */
export interface AthenaOnTrino {
  server: AthenaServer
  minio: S3Access
  bucket: string
  /** An engine for it, with other options than the usual. */
  open(options?: Partial<AthenaOptions>): AthenaEngine
  /** Runs on Trino what Athena's engine would refuse. */
  define(sql: string): Promise<SqlAnswer>
  stop(): Promise<void>
}

export async function startAthenaOnTrino(workgroups: Record<string, Workgroup> = {}): Promise<AthenaOnTrino> {
  const minio = await sharedMinio()
  const [bucket, trinoAccess] = await Promise.all([freshBucket(minio), sharedTrino()])
  const trino = athenaOnTrino(trinoAccess.url, minio)
  const database = `archive_${randomUUID().slice(0, 8)}`
  const define = async (sql: string): Promise<SqlAnswer> => {
    const statement = { sql, parameters: [], catalog: 'hive', database: 'default' }
    return await trino.run(statement, new AbortController().signal, () => undefined)
  }
  const store = openS3Store(`s3://${bucket}`, minio)
  await archiveRecords(store, 'orders', orders())
  await store.close()
  for (const sql of [
    `CREATE SCHEMA hive.${database}`,
    `CREATE TABLE hive.${database}.orders (
      record_partition integer, record_offset bigint, record_timestamp timestamp(3), record_key varbinary,
      record_value varbinary, record_headers array(row(key varchar, value varbinary)),
      year varchar, month varchar, day varchar, hour varchar)
    WITH (format = 'PARQUET', external_location = 's3://${bucket}/topics/orders/',
      partitioned_by = ARRAY['year', 'month', 'day', 'hour'])`,
    `CALL hive.system.sync_partition_metadata('${database}', 'orders', 'ADD')`,
  ]) {
    await define(sql)
  }
  const server = await startAthenaServer({
    engine: trino,
    results: resultsIn(minio),
    workgroups: { primary: {}, ...workgroups },
  })
  return {
    server,
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
    stop: server.stop,
  }
}
