import { randomUUID } from 'node:crypto'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { KafkaEventLog, type KafkaOptions } from './adapters/kafka/index.ts'
import { PinoLog } from './adapters/pino-log.ts'
import { SystemClock } from './adapters/system-clock.ts'
import { parquetDescriber } from './archive/commit/parquet-describer.ts'
import type { Connector } from './archive/connector/connector.ts'
import { LocalShard } from './archive/shard/local-shard.ts'
import type { ToThread } from './archive/shard/thread/messages.ts'
import { serveShard } from './archive/shard/thread/serve-shard.ts'
import { ThreadMemory } from './archive/shard/thread-memory.ts'
import type { Config } from './config.ts'
import { openStore, type StoreAddress } from './stores.ts'

/** What a capture thread is told when it starts. */
export interface CaptureThreadData {
  kafka: KafkaOptions
  logLevel: Config['log']['level']
}

/** What a shard on it is made of. */
export interface ShardRequest {
  connector: Connector
  store: StoreAddress
}

/** The composition root of a capture thread: shards, each with connections of its own to broker and store. */
const { kafka, logLevel } = workerData as CaptureThreadData
const owner = parentPort
if (owner === null) throw new Error('capture-thread.ts is started by capture-threads.ts, as a thread')
const clock = new SystemClock()
const log = new PinoLog(logLevel)
/** Nothing until its share is told, which is before the first shard reads. */
const memory = new ThreadMemory(0)

owner.on('message', (message: ToThread<ShardRequest>) => {
  switch (message.kind) {
    case 'serve':
      void serve(message.request, message.port)
      return
    case 'limit-memory':
      memory.limit(message.maxBytes)
      return
    case 'end':
      owner.close()
  }
})

/** Serves a shard until it is closed, and its connections with it. What else goes wrong is a bug, and ends the thread. */
async function serve({ connector, store: address }: ShardRequest, port: MessagePort): Promise<void> {
  const opened: { close(): Promise<void> }[] = []
  await serveShard(port, async (listener) => {
    const store = await openStore(address)
    opened.push(store)
    const eventLog = await KafkaEventLog.connect(kafka)
    opened.push(eventLog)
    const parts = { connector, eventLog, store, describer: parquetDescriber, clock, log, writer: randomUUID() }
    return new LocalShard(parts, listener, memory)
  })
  await Promise.all(opened.map((outside) => outside.close()))
  port.close()
}
