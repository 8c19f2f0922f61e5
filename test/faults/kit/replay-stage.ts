import { randomUUID } from 'node:crypto'
import type { ReplayStatus } from '../../../src/replay/status.ts'
import { independentClient } from '../../adapters/kafka/judge.ts'
import { type StoreProxy, startStoreProxy } from '../../kit/store-proxy.ts'
import { type RunningCommand, succeeded } from './coldstream.ts'
import { differences, type PartitionSequence, sequencesOf } from './judge-replay.ts'
import { bucketPlace, type Place } from './place.ts'
import { readByConsole } from './read-by-console.ts'
import { listening, type ReplayService } from './replay-service.ts'
import type { ReplaySource } from './replay-source.ts'
import type { Round } from './round.ts'
import type { Verdict } from './scenario.ts'
import type { ProxiedKafka } from './world.ts'

export interface StageOptions {
  /** The world's unless told. */
  source?: ReplaySource
  /** Brokers that the target is on; those behind the world's proxy unless told. */
  brokers?: readonly string[]
  /** Parts of ReplayLimits over the kit's. */
  limits?: object
  /** How long a transaction may last; Coldstream's own minute unless told. */
  transactionTimeoutMs?: number
}

/** Units of 200 records: thirty commits of two shares. Waits for others end soon. */
const limits = {
  ...{ maxUnitRows: 200, maxShares: 2, pollIntervalMs: 50, haltPatienceMs: 1_000, takeBackAfterMs: 2_000 },
  step: { maxBlockBytes: 512 * 1024, maxRows: 70 },
}

const preload = new URL('../small-units.ts', import.meta.url).href

/** One round's copy of the archive, and the replay that is made of it. */
export class ReplayStage {
  readonly topic: string
  readonly target: string
  readonly id: string
  readonly place: Place
  /** Before the store; only what goes by `settings` comes through it. */
  readonly proxy: StoreProxy
  /** The broker of the source, and of the target unless other ones were given. */
  readonly kafka: ProxiedKafka
  readonly brokers: readonly string[]
  /** What makes the command line work on this archive through the proxy, with small units. */
  readonly settings: Record<string, string>
  /** The source as kafkajs reads it. */
  readonly source: ReadonlyMap<number, PartitionSequence>
  readonly #round: Round

  private constructor(
    round: Round,
    parts: Pick<ReplayStage, 'topic' | 'place' | 'proxy' | 'kafka' | 'brokers' | 'settings' | 'source'>,
  ) {
    this.#round = round
    const name = randomUUID().slice(0, 8)
    this.target = `target-${name}`
    this.id = `faults-${name}`
    this.topic = parts.topic
    this.place = parts.place
    this.proxy = parts.proxy
    this.kafka = parts.kafka
    this.brokers = parts.brokers
    this.settings = parts.settings
    this.source = parts.source
  }

  static async open(round: Round, options: StageOptions = {}): Promise<ReplayStage> {
    const { topic, objects, sequences } = options.source ?? (await round.world.replaySource())
    const kafka = await round.world.replayKafka()
    const access = await round.world.minio()
    const place = await bucketPlace(access, `replay-${randomUUID()}`)
    round.closeLater(() => place.close())
    await Promise.all([...objects].map(([key, bytes]) => place.write(key, bytes)))
    const proxy = await startStoreProxy(access.endpoint)
    round.closeLater(() => proxy.close())
    const brokers = options.brokers ?? kafka.brokers
    const timeout = options.transactionTimeoutMs
    const settings = {
      ...place.settings,
      COLDSTREAM_S3_ENDPOINT: proxy.endpoint,
      COLDSTREAM_KAFKA_BROKERS: brokers.join(),
      COLDSTREAM_HTTP_PORT: '0',
      NODE_OPTIONS: `--import=${preload}`,
      REPLAY_LIMITS: JSON.stringify({ ...limits, ...options.limits }),
      ...(timeout === undefined ? {} : { TRANSACTION_TIMEOUT_MS: String(timeout) }),
    }
    const stage = new ReplayStage(round, { topic, place, proxy, kafka, brokers, settings, source: sequences })
    round.closeLater(() => stage.#clear())
    return stage
  }

  /** What `serve` takes to create the replay that `replay` is. */
  request(more: object = {}): object {
    return { id: this.id, source: { topic: this.topic }, target: { topic: this.target }, ...more }
  }

  /** Starts, or continues, the replay in a process of its own. */
  replay(args: readonly string[] = [], settings: Readonly<Record<string, string>> = {}): RunningCommand {
    return this.replayOf([this.topic], this.target, args, settings)
  }

  /** As `replay`, of these topics; the names of its targets begin with the stage's. */
  replayOf(
    topics: readonly string[],
    target: string,
    args: readonly string[] = [],
    settings: Readonly<Record<string, string>> = {},
  ): RunningCommand {
    const command = ['--json', 'replay', ...topics, '--to', target, '--id', this.id, ...args]
    return this.#round.start(command, { ...this.settings, ...settings })
  }

  /** Starts a service on the archive and waits until it has joined the others. */
  serve(settings: Readonly<Record<string, string>> = {}): Promise<ReplayService> {
    return listening(this.#round.start(['serve'], { ...this.settings, ...settings }))
  }

  /** What makes a process go by the store itself, not through the proxy. */
  get direct(): Record<string, string> {
    return { COLDSTREAM_S3_ENDPOINT: this.place.settings.COLDSTREAM_S3_ENDPOINT! }
  }

  /**
   * Judges a target by kafkajs, and in the first round by Kafka's own consumer too. `expected` and `target`: the source and
   * the stage's unless told.
   */
  async judge(
    expected: ReadonlyMap<number, PartitionSequence> = this.source,
    target: string = this.target,
  ): Promise<Verdict> {
    const verdict = differences(expected, await sequencesOf(this.brokers, target))
    if (this.#round.number > 1 || this.brokers !== this.kafka.brokers) return verdict
    // what would come after those is in the verdict
    const enough = [...expected.values()].reduce((sum, { ids }) => sum + ids.length, 0)
    const printed = await readByConsole(this.kafka.server, target, enough)
    const seen = Map.groupBy(printed, ({ partition }) => partition)
    for (const [partition, { ids }] of expected) {
      const found = (seen.get(partition) ?? []).map(({ seq }) => seq)
      if (found.join() === ids.join()) continue
      throw new Error(`Kafka's console consumer saw ${found.length} records where ${ids.length} were expected`)
    }
    return verdict
  }

  /** The broker would keep some thousand partitions otherwise. */
  async #clear(): Promise<void> {
    this.kafka.proxy.unwatch()
    this.kafka.proxy.cut(-1, 0)
    const admin = independentClient(this.brokers).admin()
    await admin.connect()
    const isOwn = (topic: string): boolean => topic.startsWith(this.target) || topic.includes(this.id)
    const topics = (await admin.listTopics()).filter(isOwn)
    // those of a completed replay are being deleted already
    await Promise.allSettled(topics.map((topic) => admin.deleteTopics({ topics: [topic] })))
    await admin.disconnect()
  }
}

/** The status that a `replay` command printed. Throws unless it ended well. */
export async function completedBy(command: RunningCommand): Promise<ReplayStatus> {
  const status = JSON.parse(succeeded('replay', await command.ended)) as ReplayStatus
  if (status.state !== 'completed') throw new Error(`the replay ended ${status.state}`)
  return status
}

/** What a `replay` command said when it stopped. Throws unless it ended with this code. */
export async function refusedBy(command: RunningCommand, wanted = 1): Promise<string> {
  const { code, signal, stderr } = await command.ended
  if (code !== wanted) throw new Error(`the replay should stop with ${wanted}, not with ${signal ?? code}: ${stderr}`)
  return stderr
}
