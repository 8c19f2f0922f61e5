import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { javaProgram } from './java.ts'
import { sharedMinio } from './minio.ts'
import { freshBucket, type S3Access } from './s3-server.ts'
import { freePorts, type ServerProcess, startServer } from './server-process.ts'
import { onTrino } from './trino-client.ts'
import { trinoHome } from './trino-home.ts'

/** A real Trino on loopback, with the catalogs `hive` and `iceberg` over the kit's MinIO. Any user may do anything. */
export interface TrinoAccess {
  /** `http://host:port`. */
  url: string
}

export interface TrinoServer extends TrinoAccess, ServerProcess {}

/** Starts a Trino whose tables lie in this store; about 15 s, and 0.2 GB beside its heap. */
export async function startTrino(store: S3Access, heapMib = 1024): Promise<TrinoServer> {
  const [home, java, [port], bucket] = await Promise.all([
    trinoHome(),
    javaProgram(24),
    freePorts(1),
    freshBucket(store),
  ])
  const url = `http://127.0.0.1:${port}`
  const catalogs = catalogSettings(store, `s3://${bucket}/metastore`)
  const server = await startServer({
    name: 'trino',
    program: java,
    startTimeoutMs: 180_000,
    prepare: (folder) =>
      writeSettings(
        folder,
        { ...serverSettings(port!, heapMib), 'catalog.config-dir': join(folder, 'catalog') },
        catalogs,
      ),
    args: (folder) => [
      `-Xmx${heapMib}M`,
      ...javaOptions,
      `-Dconfig=${join(folder, 'config.properties')}`,
      `-Dlog.levels-file=${join(folder, 'log.properties')}`,
      '-Dnode.environment=test',
      '-Dnode.id=test',
      `-Dnode.data-dir=${join(folder, 'data')}`,
      `-Dplugin.dir=${home.plugins}`,
      '-cp',
      join(home.libraries, '*'),
      'io.trino.server.TrinoServer',
    ],
    probe: () => probe(url),
  })
  return { url, ...server }
}

/**
 * The Trino of COLDSTREAM_TEST_TRINO. In a run of the test runner that is one for all files, started when the first one
 * asks (see global.ts); without a runner one for this process.
 */
export function sharedTrino(): Promise<TrinoAccess> {
  shared ??= given() ?? sharedMinio().then(startTrino)
  return shared
}

let shared: Promise<TrinoAccess> | undefined

function given(): Promise<TrinoAccess> | null {
  const url = process.env.COLDSTREAM_TEST_TRINO
  const onDemand = process.env.COLDSTREAM_TEST_TRINO_ON_DEMAND
  if (url) return Promise.resolve({ url })
  return onDemand ? askFor(onDemand) : null
}

async function askFor(onDemand: string): Promise<TrinoAccess> {
  const answer = await fetch(onDemand)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return JSON.parse(text) as TrinoAccess
}

async function probe(url: string): Promise<void> {
  const info = (await (await fetch(`${url}/v1/info`)).json()) as { starting: boolean }
  if (info.starting) throw new Error('it is still starting')
  // It serves some seconds before it knows that its own node can work on a catalog.
  for (const sql of [
    'CREATE SCHEMA IF NOT EXISTS hive.kit',
    'CREATE TABLE IF NOT EXISTS hive.kit.ready AS SELECT 1 AS one',
    'SELECT one FROM hive.kit.ready',
  ]) {
    await onTrino({ url }, sql)
  }
}

async function writeSettings(
  folder: string,
  settings: Settings,
  catalogs: Readonly<Record<string, Settings>>,
): Promise<void> {
  const catalogFolder = join(folder, 'catalog')
  await mkdir(catalogFolder)
  const files: [string, Settings][] = [
    [join(folder, 'config.properties'), settings],
    [join(folder, 'log.properties'), { 'io.trino': 'WARN', 'io.airlift': 'WARN' }],
    ...Object.entries(catalogs).map(([name, settings]): [string, Settings] => [
      join(catalogFolder, `${name}.properties`),
      settings,
    ]),
  ]
  for (const [path, settings] of files) {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    await writeFile(path, lines.join(''))
  }
}

type Settings = Readonly<Record<string, string>>

const serverSettings = (port: number, heapMib: number): Settings => ({
  coordinator: 'true',
  'node-scheduler.include-coordinator': 'true',
  'http-server.http.port': String(port),
  // it would be written where the tests run
  'http-server.log.enabled': 'false',
  'discovery.uri': `http://127.0.0.1:${port}`,
  'catalog.management': 'static',
  'query.max-memory': `${Math.floor(heapMib / 3)}MB`,
  'query.max-memory-per-node': `${Math.floor(heapMib / 3)}MB`,
  'memory.heap-headroom-per-node': `${Math.floor(heapMib / 5)}MB`,
})

function catalogSettings(store: S3Access, metastore: string): Readonly<Record<string, Settings>> {
  const files = {
    'hive.metastore.catalog.dir': metastore,
    'fs.native-s3.enabled': 'true',
    's3.endpoint': store.endpoint,
    's3.region': store.region,
    's3.path-style-access': 'true',
    's3.aws-access-key': store.accessKeyId,
    's3.aws-secret-key': store.secretAccessKey,
  }
  return {
    hive: {
      ...files,
      'connector.name': 'hive',
      'hive.metastore': 'file',
      'hive.non-managed-table-writes-enabled': 'true',
      'hive.partition-projection-enabled': 'true',
      'hive.parquet.time-zone': 'UTC',
      'hive.security': 'allow-all',
      'hive.allow-register-partition-procedure': 'true',
      'hive.iceberg-catalog-name': 'iceberg',
    },
    iceberg: {
      ...files,
      'connector.name': 'iceberg',
      'iceberg.catalog.type': 'TESTING_FILE_METASTORE',
      'iceberg.hive-catalog-name': 'hive',
      'iceberg.register-table-procedure.enabled': 'true',
    },
  }
}

/** Those of Trino's own documentation, with less memory and without the vector module, which not every runtime holds. */
const javaOptions = [
  '-XX:+UseG1GC',
  '-XX:G1HeapRegionSize=32M',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-XX:+ExitOnOutOfMemoryError',
  '-XX:-OmitStackTraceInFastThrow',
  '-XX:ReservedCodeCacheSize=256M',
  '-XX:PerMethodRecompilationCutoff=10000',
  '-XX:PerBytecodeRecompilationCutoff=10000',
  '-Djdk.attach.allowAttachSelf=true',
  '-Djdk.nio.maxCachedBufferSize=2000000',
  '-Dfile.encoding=UTF-8',
  '-XX:+EnableDynamicAgentLoading',
  '--enable-native-access=ALL-UNNAMED',
  '--sun-misc-unsafe-memory-access=allow',
]
