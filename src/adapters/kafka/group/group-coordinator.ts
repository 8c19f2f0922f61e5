import { randomUUID } from 'node:crypto'
import { type ColdstreamError, InvalidInputError, UnavailableError } from '../../../errors.ts'
import type { BrokerConnection } from '../broker-connection.ts'
import { brokerRefusal, isRetriable, KafkaCode } from '../broker-error.ts'
import type { KafkaCluster } from '../cluster.ts'
import { groupInUse } from '../group-offsets.ts'
import { type Attempt, isPassing } from '../retry.ts'

const unavailableCode = 'group-coordinator-unavailable'

/** Failures of `cluster.coordinator` that an election or a broker's restart explains. */
const coordinatorMissing = new Set(['broker-refused', 'broker-missing'])

interface CodedResponse {
  errorCode: number
}

/**
 * The coordinator of one group, wherever it is now, on connections of the member's own: a request to join is answered only
 * when all members have joined, and holds up what is sent after it.
 */
export class GroupCoordinator {
  readonly group: string
  readonly #cluster: KafkaCluster
  readonly #lane = `group-${randomUUID()}`
  #connection: BrokerConnection | null = null
  #departing = false

  constructor(cluster: KafkaCluster, group: string) {
    this.#cluster = cluster
    this.group = group
  }

  /**
   * Sends a request of the membership. Throws UnavailableError `group-coordinator-unavailable` when it has to be sent
   * again, perhaps to another broker; every other code is in the response for the caller to judge.
   */
  async ask<R extends CodedResponse>(request: (coordinator: BrokerConnection) => Promise<R>): Promise<R> {
    if (this.#connection?.usable !== true) this.#connection = await this.#find(this.#lane)
    // A request that comes after the member's farewell would bring it back.
    if (this.#departing) throw this.#unavailable('the member is leaving')
    return this.#judged(request(this.#connection))
  }

  /** Sends the member's farewell, past all that is under way, and lets nothing through after it; errors as `ask`. */
  async askLast<R extends CodedResponse>(request: (coordinator: BrokerConnection) => Promise<R>): Promise<R> {
    this.#departing = true
    return this.#judged(request(await this.#find()))
  }

  /** Closes the connections; requests on their way fail. */
  close(): Promise<void> {
    return this.#cluster.closeLane(this.#lane)
  }

  /** What a code means that ends the membership; `said` is the broker's own message. */
  refusal(code: number, said?: string | null): ColdstreamError {
    if (code === KafkaCode.inconsistentGroupProtocol || code === KafkaCode.groupIdNotFound) {
      return groupInUse(this.group, 'is in use by clients of another kind')
    }
    if (code === KafkaCode.invalidSessionTimeout) {
      return new InvalidInputError(
        'session-timeout-refused',
        `Kafka does not allow such a session in group '${this.group}'`,
        {
          remedy:
            'Choose a session timeout between group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers (6 s and 30 min by default).',
          details: { group: this.group },
        },
      )
    }
    const subject = code === KafkaCode.topicAuthorizationFailed ? 'the topics of group' : 'group'
    return brokerRefusal(code, 'membership', `${subject} '${this.group}'`, said)
  }

  async #find(lane?: string): Promise<BrokerConnection> {
    try {
      return await this.#cluster.coordinator('group', this.group, lane)
    } catch (error) {
      if (!isPassing(error) && !(error instanceof UnavailableError && coordinatorMissing.has(error.code))) throw error
      throw this.#unavailable(error.message, error)
    }
  }

  async #judged<R extends CodedResponse>(answer: Promise<R>): Promise<R> {
    const response = await answer
    if (!isRetriable(response.errorCode)) return response
    this.#connection = null
    const refusal = this.refusal(response.errorCode)
    throw this.#unavailable(refusal.message, refusal)
  }

  #unavailable(why: string, cause?: Error): UnavailableError {
    return new UnavailableError(unavailableCode, `The coordinator of group '${this.group}' is not available: ${why}`, {
      remedy: "Look at the brokers' health; the member goes on by itself when there is a coordinator again.",
      cause,
      details: { group: this.group },
    })
  }
}

/** Runs one step of a membership; a failure that passes is the reason to try once more. */
export async function attempt<T>(step: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { done: await step() }
  } catch (error) {
    if (isPassing(error) || (error instanceof UnavailableError && error.code === unavailableCode)) {
      return { again: error }
    }
    throw error
  }
}
