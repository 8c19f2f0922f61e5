import { addPartitionsToTxnV3, apiVersionsV3, initProducerIdV4, type Reader, Writer } from '@platformatic/kafka'
import { FencedError, InvalidInputError, UnavailableError } from '../../errors.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { brokerRefusal, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type ProducerIdentity, TransactionCoordinator } from './transaction-coordinator.ts'

const endTxnKey = 26
const produceKey = 0

/** What the broker says to a producer whose place was taken, or whose transaction it gave up (KIP-588). */
const displaced = new Set<number>([
  KafkaCode.invalidProducerEpoch,
  KafkaCode.producerFenced,
  KafkaCode.invalidProducerIdMapping,
  KafkaCode.invalidTxnState,
  KafkaCode.unknownProducerId,
])

/** Whether a code means that this producer's transaction is over; `whyDisplaced` tells by whom. */
export function isDisplaced(code: number): boolean {
  return displaced.has(code)
}

/**
 * The dealings of one transactional id with its coordinator (KIP-98, KIP-890). Opening fences every older producer of the
 * id and aborts what it had not committed.
 */
export class TransactionSession {
  /** Transaction version 2: producing adds partitions, and every transaction has an epoch of its own. */
  readonly version2: boolean
  readonly #coordinator: TransactionCoordinator
  readonly #timeoutMs: number
  #producer: ProducerIdentity = { id: -1n, epoch: -1 }
  /** When the open transaction began, ms of the monotonic clock; null while there is none. */
  #begunAtMs: number | null = null

  private constructor(coordinator: TransactionCoordinator, timeoutMs: number, version2: boolean) {
    this.#coordinator = coordinator
    this.#timeoutMs = timeoutMs
    this.version2 = version2
  }

  /** `timeoutMs`: how long a transaction may last before the broker aborts it. */
  static async open(
    cluster: KafkaCluster,
    lane: string,
    transactionalId: string,
    timeoutMs: number,
  ): Promise<TransactionSession> {
    const version2 = await offersVersion2(cluster)
    const coordinator = new TransactionCoordinator(cluster, lane, transactionalId)
    const session = new TransactionSession(coordinator, timeoutMs, version2)
    const code = await session.#initialise({ id: -1n, epoch: -1 })
    if (code === KafkaCode.invalidTransactionTimeout) throw timeoutRefused(timeoutMs)
    if (code !== KafkaCode.none) throw brokerRefusal(code, 'to begin', session.#coordinator.subject)
    return session
  }

  get transactionalId(): string {
    return this.#coordinator.transactionalId
  }

  get producer(): ProducerIdentity {
    return this.#producer
  }

  /** To be called before the first batch of a transaction; nothing more while it is open. */
  begin(): void {
    this.#begunAtMs ??= performance.now()
  }

  /** Tells the coordinator of a partition before it is first written to; only without version 2. */
  async addPartition(topic: string, partition: number): Promise<void> {
    const { id, epoch } = this.#producer
    const addition = {
      transactionalId: this.transactionalId,
      producerId: id,
      producerEpoch: epoch,
      verifyOnly: false,
      topics: [{ name: topic, partitions: [partition] }],
    }
    const code = await this.#coordinator.ask(async (coordinator) => {
      const response = await coordinator.call(addPartitionsToTxnV3.api, [addition])
      return response.resultsByTransaction[0]!.topicResults[0]!.resultsByPartition[0]!.partitionErrorCode
    })
    if (isDisplaced(code)) throw await this.whyDisplaced()
    if (code !== KafkaCode.none) throw brokerRefusal(code, `to add topic '${topic}'`, this.#coordinator.subject)
  }

  /**
   * Commits or aborts. The request may be repeated: the coordinator answers a repetition as the first. Throws
   * UnavailableError `commit-outcome-unknown` when it could not be learned whether a commit took place.
   */
  async end(commit: boolean): Promise<void> {
    let code: number
    let unanswered = false
    try {
      code = await this.#coordinator.ask(
        (coordinator) => this.#endTxn(coordinator, commit),
        () => {
          unanswered = true
        },
      )
    } catch (error) {
      throw commit && unanswered ? this.#outcomeUnknown(error) : error
    }
    if (code === KafkaCode.none) {
      this.#begunAtMs = null
      // Batches that were dropped leave holes in the sequence; a new epoch begins at 0 again.
      if (!commit && !this.version2) await this.#initialise(this.#producer)
      return
    }
    const why = isDisplaced(code)
      ? await this.whyDisplaced()
      : brokerRefusal(code, `to ${commit ? 'commit' : 'abort'}`, this.#coordinator.subject)
    throw commit && unanswered ? this.#outcomeUnknown(why) : why
  }

  /**
   * Resolves when what was committed is visible: a commit is final when it is answered, but its markers are written
   * afterwards.
   */
  async settled(): Promise<void> {
    await this.#coordinator.ended()
  }

  /**
   * Why the broker did not take this producer any more: a newer one has the id, the transaction lasted too long, or the
   * broker lost what it knew of the producer. Its codes do not tell them apart. It is not asked for a new epoch (KIP-360),
   * though that would tell: the request of a producer that is fenced already aborts the newer one's open transaction.
   */
  async whyDisplaced(): Promise<FencedError | UnavailableError> {
    const { id, epoch } = this.#producer
    const begunAtMs = this.#begunAtMs
    const lastedTooLong = begunAtMs !== null && performance.now() - begunAtMs >= this.#timeoutMs
    const found = await this.#coordinator.ended()
    if (found === null || (found.id === id && found.epoch === epoch)) {
      return this.#aborted('Nobody took it over: a partition or the coordinator forgot this producer.')
    }
    if (lastedTooLong && found.id === id && found.state === 'CompleteAbort') {
      return this.#aborted(`It lasted longer than ${this.#timeoutMs} ms.`)
    }
    return this.#fenced()
  }

  #aborted(why: string): UnavailableError {
    return new UnavailableError('transaction-aborted', `Kafka aborted the open ${this.#coordinator.subject}`, {
      remedy: `${why} Open a new writer and go on from its progress.`,
      details: { transactionalId: this.transactionalId },
    })
  }

  #fenced(): FencedError {
    return new FencedError('writer-fenced', `A newer writer took over ${this.#coordinator.subject}`, {
      remedy: 'Stop this one; the newer one goes on after the last commit.',
      details: { transactionalId: this.transactionalId },
    })
  }

  async #initialise(from: ProducerIdentity): Promise<number> {
    return this.#coordinator.ask(async (coordinator) => {
      const response = await coordinator.call(
        initProducerIdV4.api,
        this.transactionalId,
        this.#timeoutMs,
        from.id,
        from.epoch,
      )
      if (response.errorCode === KafkaCode.none) {
        this.#producer = { id: response.producerId, epoch: response.producerEpoch }
      }
      return response.errorCode
    })
  }

  async #endTxn(coordinator: BrokerConnection, commit: boolean): Promise<number> {
    const { id, epoch } = this.#producer
    const build = (): Writer =>
      Writer.create()
        .appendString(this.transactionalId)
        .appendInt64(id)
        .appendInt16(epoch)
        .appendBoolean(commit)
        .appendTaggedFields()
    const parse = (reader: Reader): { code: number; next: ProducerIdentity } => {
      reader.readInt32() // throttle time
      const code = reader.readInt16()
      const next = this.version2 ? { id: reader.readInt64(), epoch: reader.readInt16() } : { id, epoch }
      return { code, next }
    }
    const { code, next } = await coordinator.send(endTxnKey, this.version2 ? 5 : 4, build, parse)
    if (code === KafkaCode.none) this.#producer = next
    return code
  }

  #outcomeUnknown(cause: unknown): UnavailableError {
    return new UnavailableError(
      'commit-outcome-unknown',
      `Kafka did not tell whether ${this.#coordinator.subject} was committed: ${cause instanceof Error ? cause.message : cause}`,
      {
        remedy: 'Open a new writer of the same id; its progress tells.',
        cause,
        details: { transactionalId: this.transactionalId },
      },
    )
  }
}

function timeoutRefused(timeoutMs: number): InvalidInputError {
  return new InvalidInputError('transaction-timeout-refused', `Kafka allows no transactions of ${timeoutMs} ms`, {
    remedy: `Raise transaction.max.timeout.ms of the brokers to at least ${timeoutMs}.`,
    details: { timeoutMs },
  })
}

async function offersVersion2(cluster: KafkaCluster): Promise<boolean> {
  const offer = await cluster.onAnyBroker((broker) => broker.call(apiVersionsV3.api, 'coldstream', '1'))
  const newest = (key: number): number => offer.apiKeys.find((api) => api.apiKey === key)?.maxVersion ?? -1
  const level = offer.finalizedFeatures?.find((feature) => feature.name === 'transaction.version')?.maxVersionLevel ?? 0
  return level >= 2 && newest(produceKey) >= 12 && newest(endTxnKey) >= 5
}
