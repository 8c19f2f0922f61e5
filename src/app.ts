import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { DuckDbEngine } from './adapters/duckdb/engine.ts'
import { openFileStore } from './adapters/file/store.ts'
import { PinoLog } from './adapters/pino-log.ts'
import { openS3Store } from './adapters/s3/store.ts'
import { SystemClock } from './adapters/system-clock.ts'
import { Capture } from './archive/capture.ts'
import type { Connector, ConnectorS3 } from './archive/connector/connector.ts'
import { OpenCaptures } from './archive/open-captures.ts'
import { parquetDescriber } from './archive/parquet-describer.ts'
import type { OpenOptions } from './cli/program.ts'
import { type Config, loadConfig } from './config.ts'
import { ConnectService } from './connect/service.ts'
import type { Log } from './ports/log.ts'
import type { ObjectStore } from './ports/object-store.ts'
import { commitLogSnapshots } from './query/archive-snapshots.ts'
import { QueryService } from './query/query-service.ts'
import { SegmentCache } from './query/segment-cache.ts'
import { filesInPlace, type SegmentFiles } from './query/segment-files.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from './query/template/library.ts'
import { ReplayService } from './replay/service.ts'
import type { Services } from './services.ts'

/** Reads the configuration and puts the services together: the one place that knows the adapters. */
export async function openServices(options: OpenOptions): Promise<Services> {
  const config = await loadConfig(options.configFile)
  const log = new PinoLog(options.verbose ? config.log.level : 'warn')
  const store = await openStore(config.store.url, config)
  try {
    return await assemble(config, log, store)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function assemble(config: Config, log: Log, store: ObjectStore): Promise<Services> {
  const clock = new SystemClock()
  const engine = new DuckDbEngine({
    temporaryFolder: tmpdir(),
    maxSpillBytes: config.query.maxSpillBytes,
    threads: config.query.threads,
  })
  const queries = new QueryService({
    engine,
    snapshots: commitLogSnapshots(store),
    files: segmentFiles(store, config),
    templates: await loadTemplates([
      BUILT_IN_TEMPLATES,
      ...(config.queries.folder === null ? [] : [config.queries.folder]),
    ]),
    clock,
    limits: config.query.limits,
    concurrency: config.query.concurrency,
  })
  const eventLog = lazily(async () => {
    // loaded only here: its client is half of a command's start, and most commands need no broker
    const { KafkaEventLog } = await import('./adapters/kafka/index.ts')
    return KafkaEventLog.connect(config.kafka)
  })
  const replays = lazily(async () => new ReplayService({ store, eventLog: await eventLog.get(), clock, log }))
  const captures = new OpenCaptures()
  const stores = connectorStores(config, store)
  const openCapture: Services['openCapture'] = async (connector, signal) => {
    const parts = {
      connector,
      eventLog: await eventLog.get(),
      store: await stores.of(connector),
      describer: parquetDescriber,
      clock,
      log,
    }
    const capture = await Capture.open(
      { ...parts, memoryMaxBytes: config.capture.memoryMaxBytes, writer: randomUUID() },
      signal,
    )
    return captures.add(connector.name, capture)
  }
  const connectors = new ConnectService({
    store,
    storeOf: stores.of,
    isStoreConfigured: config.store.isConfigured,
    pollIntervalMs: config.connect.pollIntervalMs,
    environment: process.env,
    eventLog: eventLog.get,
    openCapture,
    clock,
    log,
  })
  return {
    config,
    clock,
    log,
    store,
    queries,
    connectors,
    eventLog: eventLog.get,
    replays: replays.get,
    openCapture,
    captures: () => captures.list(),
    async close() {
      await (await replays.opened())?.close()
      await engine.close()
      await (await eventLog.opened())?.close()
      await Promise.all([store.close(), stores.close()])
    },
  }
}

/** Opened when first asked for; a failure is forgotten, so that the next one who asks tries again. */
function lazily<Service>(open: () => Promise<Service>): { get(): Promise<Service>; opened(): Promise<Service | null> } {
  let opening: Promise<Service> | null = null
  return {
    async get() {
      opening ??= open()
      try {
        return await opening
      } catch (error) {
        opening = null
        throw error
      }
    },
    opened: async () => opening,
  }
}

async function openStore(url: string, config: Config): Promise<ObjectStore> {
  return url.startsWith('s3:') ? openS3Store(url, config.store.s3) : openFileStore(url)
}

/** The configured store; where none is configured, the one that a connector's `s3.*` properties name, opened once. */
function connectorStores(config: Config, configured: ObjectStore) {
  const opened = new Map<string, ReturnType<typeof lazily<ObjectStore>>>()
  return {
    of: async ({ s3 }: Connector): Promise<ObjectStore> => {
      if (config.store.isConfigured || s3 === null) return configured
      const key = JSON.stringify(s3)
      const store = opened.get(key) ?? lazily(() => openConnectorStore(s3, config))
      opened.set(key, store)
      return store.get()
    },
    close: async (): Promise<void> => {
      await Promise.all([...opened.values()].map(async (store) => (await store.opened())?.close()))
    },
  }
}

async function openConnectorStore(s3: ConnectorS3, config: Config): Promise<ObjectStore> {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey, forcePathStyle } = s3
  return openS3Store(`s3://${bucket}`, {
    ...config.store.s3,
    ...(region !== null && { region }),
    ...(endpoint !== null && { endpoint }),
    ...(accessKeyId !== null && { accessKeyId }),
    ...(secretAccessKey !== null && { secretAccessKey }),
    ...(forcePathStyle !== null && { forcePathStyle }),
  })
}

function segmentFiles(store: ObjectStore, config: Config): SegmentFiles {
  if (store.url.startsWith('file:')) return filesInPlace(store.url)
  return new SegmentCache({ store, folder: config.query.cacheFolder, maxBytes: config.query.cacheMaxBytes })
}
