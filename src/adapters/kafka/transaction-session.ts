import { addPartitionsToTxnV3, apiVersionsV3, initProducerIdV4, type Reader, Writer } from '@platformatic/kafka'
import { FencedError, UnavailableError } from '../../errors.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'

const endTxnKey = 26
const produceKey = 0
/** Longer than a coordinator needs to abort a predecessor's transaction, or to move to another broker. */
const limitMs = 60_000

/** What batches of the open transaction carry. */
export interface ProducerIdentity {
  id: bigint
  epoch: number
}

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
  readonly transactionalId: string
  /** Transaction version 2: producing adds partitions, and every transaction has an epoch of its own. */
  readonly version2: boolean
  readonly #cluster: KafkaCluster
  readonly #lane: string
  readonly #timeoutMs: number
  #producer: ProducerIdentity = { id: -1n, epoch: -1 }

  private constructor(
    cluster: KafkaCluster,
    lane: string,
    transactionalId: string,
    timeoutMs: number,
    version2: boolean,
  ) {
    this.#cluster = cluster
    this.#lane = lane
    this.transactionalId = transactionalId
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
    const session = new TransactionSession(cluster, lane, transactionalId, timeoutMs, version2)
    const code = await session.#initialise({ id: -1n, epoch: -1 })
    if (code !== KafkaCode.none) throw brokerRefusal(code, 'to begin', session.#subject)
    return session
  }

  get producer(): ProducerIdentity {
    return this.#producer
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
    const code = await this.#ask(async (coordinator) => {
      const response = await coordinator.call(addPartitionsToTxnV3.api, [addition])
      return response.resultsByTransaction[0]!.topicResults[0]!.resultsByPartition[0]!.partitionErrorCode
    })
    if (isDisplaced(code)) throw await this.whyDisplaced()
    if (code !== KafkaCode.none) throw brokerRefusal(code, `to add topic '${topic}'`, this.#subject)
  }

  /**
   * Commits or aborts. The request may be repeated: the coordinator answers a repetition as the first. Throws
   * UnavailableError `commit-outcome-unknown` when it could not be learned whether a commit took place.
   */
  async end(commit: boolean): Promise<void> {
    let code: number
    let unanswered = false
    try {
      code = await this.#ask(
        (coordinator) => this.#endTxn(coordinator, commit),
        () => {
          unanswered = true
        },
      )
    } catch (error) {
      throw commit && unanswered ? this.#outcomeUnknown(error) : error
    }
    if (code === KafkaCode.none) {
      // Batches that were dropped leave holes in the sequence; a new epoch begins at 0 again.
      if (!commit && !this.version2) await this.#initialise(this.#producer)
      return
    }
    const why = isDisplaced(code)
      ? await this.whyDisplaced()
      : brokerRefusal(code, `to ${commit ? 'commit' : 'abort'}`, this.#subject)
    throw commit && unanswered ? this.#outcomeUnknown(why) : why
  }

  /**
   * Resolves when what was committed is visible: a commit is final when it is answered, but its markers are written
   * afterwards. The coordinator gives a new epoch only when they all are.
   */
  async settled(): Promise<void> {
    const code = await this.#initialise(this.#producer)
    // Whoever took the id over had to wait for the same markers.
    if (code !== KafkaCode.none && !isDisplaced(code)) throw brokerRefusal(code, 'to settle', this.#subject)
  }

  /**
   * Why the broker did not take this producer any more. It is asked for a new epoch in exchange for the last one, which
   * it gives only as long as no other instance took the id (KIP-360).
   */
  async whyDisplaced(): Promise<FencedError | UnavailableError> {
    const code = await this.#initialise(this.#producer)
    if (code === KafkaCode.none) {
      return new UnavailableError('transaction-aborted', `Kafka aborted the open ${this.#subject}`, {
        remedy: `It lasted longer than ${this.#timeoutMs} ms or its state was lost. Open a new writer and go on from its progress.`,
        details: { transactionalId: this.transactionalId },
      })
    }
    return new FencedError('writer-fenced', `A newer writer took over ${this.#subject}`, {
      remedy: 'Stop this one; the newer one goes on after the last commit.',
      details: { transactionalId: this.transactionalId },
    })
  }

  async #initialise(from: ProducerIdentity): Promise<number> {
    return this.#ask(async (coordinator) => {
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

  /** Repeats a request until its coordinator gives an answer that is final. */
  #ask(request: (coordinator: BrokerConnection) => Promise<number>, unanswered?: () => void): Promise<number> {
    return repeatUntilDone(limitMs, async (): Promise<Attempt<number>> => {
      let coordinator: BrokerConnection | undefined
      try {
        coordinator = await this.#cluster.coordinator('transaction', this.transactionalId, this.#lane)
        const code = await request(coordinator)
        return isRetriable(code) ? { again: brokerRefusal(code, 'for now a request', this.#subject) } : { done: code }
      } catch (error) {
        if (!(error instanceof UnavailableError) || !isPassing(error)) throw error
        if (coordinator !== undefined) unanswered?.()
        return { again: error }
      }
    })
  }

  get #subject(): string {
    return `transaction '${this.transactionalId}'`
  }

  #outcomeUnknown(cause: unknown): UnavailableError {
    return new UnavailableError(
      'commit-outcome-unknown',
      `Kafka did not tell whether ${this.#subject} was committed: ${cause instanceof Error ? cause.message : cause}`,
      {
        remedy: 'Open a new writer of the same id; its progress tells.',
        cause,
        details: { transactionalId: this.transactionalId },
      },
    )
  }
}

/** Whether the broker may be back, or another in its place, when it is tried again. */
export function isPassing(error: UnavailableError): boolean {
  return error.code === 'broker-connection-lost' || error.code === 'broker-unreachable'
}

async function offersVersion2(cluster: KafkaCluster): Promise<boolean> {
  const offer = await cluster.onAnyBroker((broker) => broker.call(apiVersionsV3.api, 'coldstream', '1'))
  const newest = (key: number): number => offer.apiKeys.find((api) => api.apiKey === key)?.maxVersion ?? -1
  const level = offer.finalizedFeatures?.find((feature) => feature.name === 'transaction.version')?.maxVersionLevel ?? 0
  return level >= 2 && newest(produceKey) >= 12 && newest(endTxnKey) >= 5
}
