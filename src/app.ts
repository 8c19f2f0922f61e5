import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { DuckDbEngine } from './adapters/duckdb/engine.ts'
import { openFileStore } from './adapters/file/store.ts'
import { PinoLog } from './adapters/pino-log.ts'
import { openS3Store } from './adapters/s3/store.ts'
import { SystemClock } from './adapters/system-clock.ts'
import { Webhook } from './adapters/webhook.ts'
import { Capture } from './archive/capture.ts'
import type { Connector } from './archive/connector/connector.ts'
import { createHeadroomMonitor } from './archive/headroom/create.ts'
import { parquetDescriber } from './archive/parquet-describer.ts'
import type { OpenOptions } from './cli/program.ts'
import { type Config, loadConfig } from './config.ts'
import type { Log } from './ports/log.ts'
import type { ObjectStore } from './ports/object-store.ts'
import { commitLogSnapshots } from './query/archive-snapshots.ts'
import { QueryService } from './query/query-service.ts'
import { SegmentCache } from './query/segment-cache.ts'
import { filesInPlace, type SegmentFiles } from './query/segment-files.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from './query/template/library.ts'
import { ReplayService } from './replay/service.ts'
import type { OpenCapture, Services } from './services.ts'

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
  const captures = new Map<string, OpenCapture>()
  const captureStores: ObjectStore[] = []
  const { webhook } = config.headroom
  const headroom = createHeadroomMonitor({
    ...config.headroom,
    broker: async () => {
      const kafka = await eventLog.get()
      return { eventLog: kafka, retention: kafka.retention }
    },
    store,
    clock,
    log,
    captures: () => [...captures.values()],
    webhook: webhook === null ? null : { ...webhook, sink: new Webhook(webhook) },
  })
  return {
    config,
    clock,
    log,
    store,
    queries,
    headroom,
    eventLog: eventLog.get,
    replays: replays.get,
    async openCapture(connector, signal) {
      const captureStore = await storeOf(connector, config, store)
      if (captureStore !== store) captureStores.push(captureStore)
      const parts = {
        connector,
        eventLog: await eventLog.get(),
        store: captureStore,
        describer: parquetDescriber,
        clock,
        log,
      }
      const capture = await Capture.open(
        { ...parts, memoryMaxBytes: config.capture.memoryMaxBytes, writer: randomUUID() },
        signal,
      )
      captures.set(connector.name, { connector: connector.name, capture })
      return capture
    },
    captures: () => [...captures.values()],
    async close() {
      await headroom.close()
      await (await replays.opened())?.close()
      await engine.close()
      await (await eventLog.opened())?.close()
      await Promise.all([store, ...captureStores].map((opened) => opened.close()))
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

/** The configured store; where none is configured, the one that the connector's `s3.*` properties name. */
async function storeOf({ s3 }: Connector, config: Config, configured: ObjectStore): Promise<ObjectStore> {
  if (config.store.isConfigured || s3 === null) return configured
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = s3
  return openS3Store(`s3://${bucket}`, {
    ...config.store.s3,
    ...(region !== null && { region }),
    ...(endpoint !== null && { endpoint }),
    ...(accessKeyId !== null && { accessKeyId }),
    ...(secretAccessKey !== null && { secretAccessKey }),
  })
}

function segmentFiles(store: ObjectStore, config: Config): SegmentFiles {
  if (store.url.startsWith('file:')) return filesInPlace(store.url)
  return new SegmentCache({ store, folder: config.query.cacheFolder, maxBytes: config.query.cacheMaxBytes })
}
