import { tmpdir } from 'node:os'
import { openS3Store } from '../../src/adapters/s3/store.ts'
import { TrinoEngine } from '../../src/adapters/trino/engine.ts'
import { ColdstreamError } from '../../src/errors.ts'
import type { QueryLimits } from '../../src/ports/query-engine.ts'
import { commitLogSnapshots } from '../../src/query/archive-snapshots.ts'
import { renderDdl } from '../../src/query/ddl/render.ts'
import { tableShape } from '../../src/query/ddl/table-shape.ts'
import { SegmentCache } from '../../src/query/segment-cache.ts'
import { startMinio } from '../../test/kit/minio.ts'
import { freshBucket } from '../../test/kit/s3-server.ts'
import { startTrino } from '../../test/kit/trino.ts'
import { onTrino } from '../../test/kit/trino-client.ts'
import { type ArchiveShape, buildArchive } from './archive.ts'
import { type Ask, coldstream } from './programs.ts'
import { startService } from './service.ts'

const SCHEMA = 'bench'

/** A third of it is for one query. */
const HEAP_MIB = 6 * 1024

/** A Trino of this machine over the same archive in a MinIO, both fetched by the test kit. */
export async function startTrinoPeer(
  shape: ArchiveShape,
  limits: QueryLimits,
): Promise<{ ask: Ask; stop: () => Promise<void> }> {
  const minio = await startMinio()
  const trino = await startTrino(minio, HEAP_MIB)
  const store = openS3Store(`s3://${await freshBucket(minio)}/archive`, { ...minio, forcePathStyle: true })
  await buildArchive(store, shape)
  const snapshots = commitLogSnapshots(store)
  const { topic } = shape
  const table = tableShape({
    ...{ topic, storeUrl: store.url, table: null, schema: SCHEMA, discovery: 'registered', fields: {} },
    segments: (await snapshots.load(topic)).segments,
  })
  await onTrino(trino, `CREATE SCHEMA ${SCHEMA}`)
  for (const statement of renderDdl('trino', table)) await onTrino(trino, statement)
  const options = { url: trino.url, user: 'bench', password: null, accessToken: null, catalog: 'hive', schema: SCHEMA }
  const engine = new TrinoEngine(options)
  const files = new SegmentCache({ store, folder: tmpdir(), maxBytes: 1 })
  const service = await startService(engine, store, files, { ...limits, maxMemoryBytes: (HEAP_MIB / 3) * 2 ** 20 })
  return {
    ask: unlessRefused(coldstream(service, engine.name)),
    async stop() {
      await engine.close()
      await store.close()
      await trino.stop()
      await minio.stop()
    },
  }
}

/** What a cluster of this size cannot answer has no figure; the others still have. Its CPU time is its own. */
function unlessRefused(ask: Ask): Ask {
  return async (question) => {
    try {
      const answer = await ask(question)
      return answer === null ? null : { ...answer, cpuSeconds: null }
    } catch (error) {
      if (!(error instanceof ColdstreamError)) throw error
      console.log(`trino does not answer ${question.name}: ${error.message}`)
      return null
    }
  }
}
