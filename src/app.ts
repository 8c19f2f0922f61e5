import { hostname, tmpdir } from 'node:os'
import { DuckDbEngine } from './adapters/duckdb/engine.ts'
import { PinoLog } from './adapters/pino-log.ts'
import { SystemClock } from './adapters/system-clock.ts'
import { TrinoEngine } from './adapters/trino/engine.ts'
import { Webhook } from './adapters/webhook.ts'
import { Capture } from './archive/capture.ts'
import { createHeadroomMonitor } from './archive/headroom/create.ts'
import { OpenCaptures } from './archive/open-captures.ts'
import { CaptureThreads } from './capture-threads.ts'
import type { KnownLogs } from './catalog/snapshot.ts'
import type { OpenOptions } from './cli/program.ts'
import { type Config, loadConfig } from './config.ts'
import { ConnectService } from './connect/service.ts'
import type { Clock } from './ports/clock.ts'
import type { ObjectStore } from './ports/object-store.ts'
import type { QueryEngine } from './ports/query-engine.ts'
import { commitLogSnapshots } from './query/archive-snapshots.ts'
import { QueryService } from './query/query-service.ts'
import { RowPicker } from './query/row-picker.ts'
import { QueryRuns } from './query/runs/query-runs.ts'
import { SegmentCache } from './query/segment-cache.ts'
import { filesInPlace, type SegmentFiles } from './query/segment-files.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from './query/template/library.ts'
import { Handovers } from './replay/handover/service.ts'
import { GroupSlots } from './replay/run/group-slots.ts'
import { SavedSelections } from './replay/selections/saved-selections.ts'
import { ReplayService } from './replay/service.ts'
import type { Services } from './services.ts'
import { ConnectorStores, openStore } from './stores.ts'

/** Reads the configuration and puts the services together: the one place that knows the adapters. */
export async function openServices(options: OpenOptions): Promise<Services> {
  const config = await loadConfig(options.configFile)
  const logLevel = options.verbose ? config.log.level : 'warn'
  const store = await openStore(config.store)
  try {
    return await assemble(config, logLevel, store)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function assemble(config: Config, logLevel: Config['log']['level'], store: ObjectStore): Promise<Services> {
  const clock = new SystemClock()
  const log = new PinoLog(logLevel)
  const duckdb = new DuckDbEngine({
    temporaryFolder: tmpdir(),
    maxSpillBytes: config.query.maxSpillBytes,
    threads: config.query.threads,
  })
  const engines: readonly QueryEngine[] = [duckdb, ...(await otherEngines(config, clock))]
  const logs: KnownLogs = new Map()
  const queryParts = {
    snapshots: commitLogSnapshots(store, logs),
    files: segmentFiles(store, config),
    concurrency: config.query.concurrency,
  }
  const eventLog = lazily(async () => {
    // loaded only here: its client is half of a command's start, and most commands need no broker
    const { KafkaEventLog } = await import('./adapters/kafka/index.ts')
    return KafkaEventLog.connect(config.kafka)
  })
  const queries = new QueryService({
    ...queryParts,
    engines,
    defaultEngine: config.query.engine,
    templates: await loadTemplates([
      BUILT_IN_TEMPLATES,
      ...(config.queries.folder === null ? [] : [config.queries.folder]),
    ]),
    clock,
    limits: config.query.limits,
    broker: eventLog.get,
  })
  const queryRuns = new QueryRuns({
    queries,
    store,
    clock,
    log,
    instance: `${hostname()}:${process.pid}`,
    allowance: config.query.perKey,
    kept: config.query.kept,
  })
  const selections = new SavedSelections(store, clock)
  const replays = lazily(async () => {
    const kafka = await eventLog.get()
    const work = new GroupSlots(kafka, store.url, log)
    const upcasters = { ...config.replay.upcasters, log }
    const conditions = new RowPicker({
      ...queryParts,
      engine: duckdb,
      limits: config.query.limits,
      concurrency: config.query.concurrency.running,
    })
    return new ReplayService({ store, logs, eventLog: kafka, clock, log, work, selections, upcasters, conditions })
  })
  const handovers = lazily(async () => new Handovers({ store, eventLog: await eventLog.get(), clock }))
  const captures = new OpenCaptures()
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
    captures: () => captures.list(),
    webhook: webhook === null ? null : { ...webhook, sink: new Webhook(webhook) },
  })
  const stores = new ConnectorStores(config.store, store)
  const threads = new CaptureThreads({ ...config.capture, kafka: config.kafka, logLevel, log })
  const openCapture: Services['openCapture'] = async (connector) => {
    const shards = threads.shardsOf(connector, stores.addressOf(connector))
    try {
      const capture = await Capture.open({
        connector,
        eventLog: await eventLog.get(),
        store: await stores.of(connector),
        clock,
        log,
        ...config.capture,
        shards,
      })
      return captures.add(connector.name, capture)
    } catch (error) {
      await shards.close()
      throw error
    }
  }
  const connectors = new ConnectService({
    store,
    storeOf: (connector) => stores.of(connector),
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
    queryRuns,
    headroom,
    connectors,
    eventLog: eventLog.get,
    replays: replays.get,
    handovers: handovers.get,
    selections,
    openCapture,
    captures: () => captures.list(),
    async close() {
      await headroom.close()
      await (await replays.opened())?.close()
      await queryRuns.close()
      await Promise.all([...engines.map((engine) => engine.close()), threads.close()])
      await (await eventLog.opened())?.close()
      await Promise.all([store.close(), stores.close()])
    },
  }
}

/** The engines that are configured beside the embedded one; nothing is asked of them yet. */
async function otherEngines({ query }: Config, clock: Clock): Promise<QueryEngine[]> {
  const engines: QueryEngine[] = []
  if (query.trino !== null) engines.push(new TrinoEngine(query.trino))
  if (query.athena !== null) {
    // loaded only here: its client is large, and few use it
    const { AthenaEngine } = await import('./adapters/athena/engine.ts')
    engines.push(new AthenaEngine(query.athena, clock))
  }
  return engines
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

function segmentFiles(store: ObjectStore, config: Config): SegmentFiles {
  if (store.url.startsWith('file:')) return filesInPlace(store)
  return new SegmentCache({ store, folder: config.query.cacheFolder, maxBytes: config.query.cacheMaxBytes })
}
