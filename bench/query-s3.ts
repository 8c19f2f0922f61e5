/**
 * How fast whole records of a key are found in an archive on S3 of which nothing is on this machine: Coldstream with an empty
 * query cache, and pyarrow's dataset. Keys differ from round to round. Says how many bytes Coldstream fetched.
 *
 * Run: `npm run bench:query-s3 [-- --records 20000000 --runs 3]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDbEngine } from '../src/adapters/duckdb/engine.ts'
import { openS3Store } from '../src/adapters/s3/store.ts'
import type { ObjectStore } from '../src/ports/object-store.ts'
import type { QueryService } from '../src/query/query-service.ts'
import { SegmentCache } from '../src/query/segment-cache.ts'
import { startMinio } from '../test/kit/minio.ts'
import { freshBucket } from '../test/kit/s3-server.ts'
import { measure } from './kit/measure.ts'
import { pythonPeer } from './kit/python-peer.ts'
import { machineLine } from './kit/report.ts'
import { buildArchive, dayOf, keyOf } from './query/archive.ts'
import { startService } from './query/service.ts'

const { values: args } = parseArgs({
  options: { records: { type: 'string', default: '20000000' }, runs: { type: 'string', default: '3' } },
})
const shape = dayOf(Number(args.records))
const limits = { maxRows: 1_000_000, maxResultBytes: 2 ** 30, timeoutMs: 3_600_000, maxMemoryBytes: 4 * 2 ** 30 }

const folder = await mkdtemp(join(tmpdir(), 'coldstream-bench-query-s3-'))
const minio = await startMinio()
const bucket = await freshBucket(minio)
const store = openS3Store(`s3://${bucket}/archive`, { ...minio, forcePathStyle: true })
let fetchedBytes = 0
let requests = 0
const counted: ObjectStore = {
  url: store.url,
  get: (path) => count(store.get(path)),
  getRange: (path, start, end) => count(store.getRange(path, start, end)),
  head: (path) => store.head(path),
  list: (prefix, options) => store.list(prefix, options),
  folders: (prefix) => store.folders(prefix),
  createIfAbsent: (path, chunks) => store.createIfAbsent(path, chunks),
  delete: (path) => store.delete(path),
  close: () => store.close(),
}

async function count(reading: Promise<Buffer>): Promise<Buffer> {
  const bytes = await reading
  fetchedBytes += bytes.length
  requests += 1
  return bytes
}

const engine = new DuckDbEngine({ temporaryFolder: tmpdir(), maxSpillBytes: 2 ** 34, threads: availableParallelism() })

async function askColdstream(service: QueryService, key: string): Promise<string> {
  fetchedBytes = 0
  requests = 0
  const startedAt = performance.now()
  const request = { template: 'events-of-key', parameters: { topic: shape.topic, key } }
  const result = await service.run(request, new AbortController().signal)
  let rows = 0
  for await (const batch of result.rows) rows += batch.length
  const seconds = (performance.now() - startedAt) / 1000
  await result.ended
  return `${rows} rows in ${seconds.toFixed(2)} s, ${(fetchedBytes / 1e6).toFixed(1)} MB in ${requests} requests`
}

console.log(machineLine())
try {
  const segments = await buildArchive(store, shape)
  let bytes = 0
  for await (const object of store.list('topics/')) bytes += object.bytes
  console.log(`${shape.records} records, ${segments} segments, ${(bytes / 1e6).toFixed(0)} MB`)
  const { python, path } = await pythonPeer('query-s3.py')
  for (let round = 1; round <= Number(args.runs); round++) {
    const files = new SegmentCache({
      store: counted,
      folder: await mkdtemp(join(folder, 'cache-')),
      maxBytes: 2 ** 34,
    })
    const service = await startService(engine, counted, files, limits)
    service.keepReady()
    for (const [which, number] of [
      ['a first key', 8 * round],
      ['another key', 8 * round + 3],
    ] as const) {
      const key = keyOf(number)
      console.log(`round ${round}, coldstream, ${which}: ${await askColdstream(service, key)}`)
      const { endpoint, accessKeyId, secretAccessKey, region } = minio
      const job = { endpoint, accessKeyId, secretAccessKey, region, key, folder: `${bucket}/archive/topics/orders` }
      const { wallSeconds } = await measure(python, [path, JSON.stringify(job)], { cwd: folder, env: process.env })
      console.log(`round ${round}, pyarrow, ${which}: ${wallSeconds.toFixed(2)} s`)
    }
  }
} finally {
  await engine.close()
  await store.close()
  await minio.stop()
  await rm(folder, { recursive: true })
}
