import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CuttingProxy } from '../../adapters/kafka/cutting-proxy.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { sharedMinio } from '../../kit/minio.ts'
import type { S3Access } from '../../kit/s3-server.ts'
import { liveSource, type ReplaySource, replaySource, replaySources } from './replay-source.ts'
import type { Load } from './scenario.ts'
import { topicOf, type WrittenTopic } from './topics.ts'

/** A broker that its clients reach through a proxy only, which sees every request. */
export interface ProxiedKafka {
  /** The proxy's address, which the broker also gives out as its own. */
  brokers: string[]
  server: KafkaServer
  proxy: CuttingProxy
}

/**
 * Small fetches, so that a few thousand records are many of them; large records; compaction and retention at once; group
 * sessions that end soon.
 */
const brokerConfig = {
  'fetch.max.bytes': '131072',
  'message.max.bytes': '20971520',
  'log.cleaner.backoff.ms': '100',
  'group.min.session.timeout.ms': '1000',
  'group.consumer.min.session.timeout.ms': '3000',
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.min.heartbeat.interval.ms': '1000',
  'group.consumer.heartbeat.interval.ms': '1000',
}

/** Usual in Kafka. */
const largeFetches = { 'fetch.max.bytes': '57671680' }

/**
 * The broker looks often for transactions that last too long. kafkajs gets a whole partition in one fetch: it forgets what
 * was aborted from one fetch to the next, and gives that out as records.
 */
const replayBrokerConfig = {
  ...{ ...brokerConfig, ...largeFetches },
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200',
}

/** What `npm test` has time for. */
export const shortLoad: Load = { recordsPerSecond: 4_000, seconds: 20 }

/** The servers that all scenarios of a run share; each is started when the first scenario asks for it. */
export class World {
  readonly folder: string
  readonly load: Load
  #kafka: Promise<ProxiedKafka> | null = null
  #victim: Promise<KafkaServer> | null = null
  #crowd: Promise<KafkaServer> | null = null
  #pair: Promise<[KafkaServer, KafkaServer]> | null = null
  #orders: Promise<WrittenTopic> | null = null
  #replayKafka: Promise<ProxiedKafka> | null = null
  #replaySource: Promise<ReplaySource> | null = null
  #replaySources: Promise<ReplaySource[]> | null = null
  #liveSource: Promise<ReplaySource> | null = null

  private constructor(folder: string, load: Load) {
    this.folder = folder
    this.load = load
  }

  static async open(load: Load = shortLoad): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), 'coldstream-faults-')), load)
  }

  /** A broker that no scenario may stop. */
  kafka(): Promise<ProxiedKafka> {
    this.#kafka ??= startProxiedKafka(brokerConfig)
    return this.#kafka
  }

  /** A broker that scenarios may kill, as long as they start it again. */
  victim(): Promise<KafkaServer> {
    this.#victim ??= startKafka({ config: brokerConfig })
    return this.#victim
  }

  /** A broker with fetches of the usual size, for loads. */
  crowd(): Promise<KafkaServer> {
    this.#crowd ??= startKafka({ config: { ...brokerConfig, ...largeFetches }, isForLoad: true })
    return this.#crowd
  }

  /** Two brokers of one cluster; scenarios may kill the second one, as long as they start it again. */
  pair(): Promise<[KafkaServer, KafkaServer]> {
    this.#pair ??= startPair()
    return this.#pair
  }

  /** A broker behind a proxy that replays write to; scenarios may kill it, as long as they start it again. */
  replayKafka(): Promise<ProxiedKafka> {
    this.#replayKafka ??= startProxiedKafka(replayBrokerConfig)
    return this.#replayKafka
  }

  /** An archive that is read by many rounds. */
  async replaySource(): Promise<ReplaySource> {
    const { brokers } = await this.replayKafka()
    this.#replaySource ??= replaySource(brokers, this.folder)
    return this.#replaySource
  }

  /** Two topics in one archive that is read by many rounds. */
  async replaySources(): Promise<ReplaySource[]> {
    const { brokers } = await this.replayKafka()
    this.#replaySources ??= replaySources(brokers, this.folder)
    return this.#replaySources
  }

  /** An archive that is read by many rounds, of a topic that goes on behind it. */
  async liveSource(): Promise<ReplaySource> {
    const { brokers } = await this.replayKafka()
    this.#liveSource ??= liveSource(brokers, this.folder)
    return this.#liveSource
  }

  minio(): Promise<S3Access> {
    return sharedMinio()
  }

  /** A small topic that is read by many rounds and written by none: four intents a partition at `flush.size` 200. */
  async orders(): Promise<WrittenTopic> {
    const { brokers } = await this.kafka()
    this.#orders ??= topicOf(brokers, 'orders', { records: 3_200, partitions: 2 })
    return this.#orders
  }

  async close(): Promise<void> {
    for (const kafka of [await this.#kafka, await this.#replayKafka]) {
      kafka?.proxy.close()
      await kafka?.server.stop()
    }
    await (await this.#victim)?.stop()
    await (await this.#crowd)?.stop()
    for (const server of [...((await this.#pair) ?? [])].reverse()) await server.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

async function startPair(): Promise<[KafkaServer, KafkaServer]> {
  const first = await startKafka({ config: brokerConfig })
  return [first, await startKafka({ config: brokerConfig, joins: first })]
}

/** Starts a broker behind a proxy of its own. */
async function startProxiedKafka(config: Record<string, string>): Promise<ProxiedKafka> {
  const proxy = await CuttingProxy.listen()
  const server = await startKafka({
    retentionCheckMs: 500,
    config: { ...config, 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` },
  })
  proxy.forwardTo(Number(server.brokers[0]!.split(':')[1]))
  return { brokers: [`127.0.0.1:${proxy.port}`], server, proxy }
}
