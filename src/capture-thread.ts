import { randomUUID } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { KafkaEventLog, type KafkaOptions } from './adapters/kafka/index.ts'
import { PinoLog } from './adapters/pino-log.ts'
import { SystemClock } from './adapters/system-clock.ts'
import { parquetDescriber } from './archive/commit/parquet-describer.ts'
import type { Connector } from './archive/connector/connector.ts'
import { LocalShard } from './archive/shard/local-shard.ts'
import { serveShard } from './archive/shard/thread/serve-shard.ts'
import type { Config } from './config.ts'
import { openStore, type StoreAddress } from './stores.ts'

/** What a thread of a capture is told when it starts. */
export interface CaptureThreadData {
  connector: Connector
  kafka: KafkaOptions
  store: StoreAddress
  logLevel: Config['log']['level']
}

/** The composition root of a capture's thread: a shard with connections of its own to broker and store. */
const { connector, kafka, store: address, logLevel } = workerData as CaptureThreadData
if (parentPort === null) throw new Error('capture-thread.ts is started by app.ts, as a thread')
const [eventLog, store] = await Promise.all([KafkaEventLog.connect(kafka), openStore(address)])
const parts = {
  connector,
  eventLog,
  store,
  describer: parquetDescriber,
  clock: new SystemClock(),
  log: new PinoLog(logLevel),
  writer: randomUUID(),
}
await serveShard(parentPort, (listener) => Promise.resolve(new LocalShard(parts, listener)))
await Promise.all([eventLog.close(), store.close()])
parentPort.close()
