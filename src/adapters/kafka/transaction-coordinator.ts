import { describeTransactionsV0 } from '@platformatic/kafka'
import { UnavailableError } from '../../errors.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type Attempt, isPassing, repeatUntilDone } from './retry.ts'

/** Longer than a coordinator needs to abort a predecessor's transaction, or to move to another broker. */
const limitMs = 60_000

/** What batches of a transaction carry. */
export interface ProducerIdentity {
  id: bigint
  epoch: number
}

/** Where a transactional id stands, in the coordinator's words (KIP-664). */
export interface TransactionState extends ProducerIdentity {
  state: string
}

/** The coordinator of one transactional id, wherever it is now. */
export class TransactionCoordinator {
  readonly transactionalId: string
  readonly #cluster: KafkaCluster
  readonly #lane: string | undefined

  /** `lane`: connections of its own; the shared ones when left out. */
  constructor(cluster: KafkaCluster, lane: string | undefined, transactionalId: string) {
    this.#cluster = cluster
    this.#lane = lane
    this.transactionalId = transactionalId
  }

  /** For messages. */
  get subject(): string {
    return `transaction '${this.transactionalId}'`
  }

  /**
   * Repeats a request until its error code is final, and returns that. `unanswered` is told when a request may have
   * arrived and its answer did not.
   */
  ask(request: (coordinator: BrokerConnection) => Promise<number>, unanswered?: () => void): Promise<number> {
    return repeatUntilDone(limitMs, async (): Promise<Attempt<number>> => {
      let coordinator: BrokerConnection | undefined
      try {
        coordinator = await this.#cluster.coordinator('transaction', this.transactionalId, this.#lane)
        const code = await request(coordinator)
        return isRetriable(code) ? { again: brokerRefusal(code, 'for now a request', this.subject) } : { done: code }
      } catch (error) {
        if (!isPassing(error)) throw error
        if (coordinator !== undefined) unanswered?.()
        return { again: error }
      }
    })
  }

  /** Changes nothing; null when the coordinator does not know the id (any more). */
  async state(): Promise<TransactionState | null> {
    let found: TransactionState | null = null
    const code = await this.ask(async (coordinator) => {
      const response = await coordinator.call(describeTransactionsV0.api, [this.transactionalId])
      const { errorCode, transactionState, producerId, producerEpoch } = response.transactionStates[0]!
      if (errorCode === KafkaCode.none) found = { state: transactionState, id: producerId, epoch: producerEpoch }
      return errorCode
    })
    if (code !== KafkaCode.none && code !== KafkaCode.transactionalIdNotFound) {
      throw brokerRefusal(code, 'to describe', this.subject)
    }
    return found
  }

  /** Resolves when no end of a transaction is being carried out any more; returns the state as `state`. */
  ended(): Promise<TransactionState | null> {
    const slow = new UnavailableError(
      'transaction-not-ended',
      `Kafka has not yet carried out the end of ${this.subject}`,
      {
        remedy: 'A partition of it has no leader now; look at the cluster, then try again.',
      },
    )
    return repeatUntilDone(limitMs, async (): Promise<Attempt<TransactionState | null>> => {
      const found = await this.state()
      return found?.state.startsWith('Prepare') ? { again: slow } : { done: found }
    })
  }
}
