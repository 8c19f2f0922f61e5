import { findCoordinatorV4, metadataV12 } from '@platformatic/kafka'
import { type ColdstreamError, InvalidInputError, UnavailableError } from '../../errors.ts'
import type { TopicIdentity } from '../../ports/event-log.ts'
import { type BearerToken, bearerToken } from './bearer-token.ts'
import { BrokerConnection } from './broker-connection.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import { ClusterMetadata, type TopicMetadata, topicNotFound } from './cluster-metadata.ts'
import { type BrokerAddress, brokerAddressText, type KafkaOptions, parseBrokerAddress } from './options.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'

/** How long a leader or coordinator may be missing (an election, a broker's restart) before it is an error. */
const electionLimitMs = 30_000

const coordinatorKinds = { group: 0, transaction: 1 } as const

/** The lane of short requests that anyone may share. */
const controlLane = 'control'

/**
 * The brokers of a cluster, and which of them leads what. A broker answers the requests of one connection in order, so
 * whoever polls or produces takes a lane, connections of its own, by any unique name, and closes it afterwards.
 */
export class KafkaCluster {
  readonly options: KafkaOptions
  readonly metadata: ClusterMetadata = new ClusterMetadata()
  readonly #bootstrap: readonly BrokerAddress[]
  readonly #connections: Map<string, Promise<BrokerConnection>> = new Map()
  readonly #token: BearerToken
  #closed = false

  constructor(options: KafkaOptions) {
    if (options.brokers.length === 0) {
      throw new InvalidInputError('brokers-missing', 'No Kafka broker is configured', {
        remedy: 'Name at least one as host:port, for example COLDSTREAM_KAFKA_BROKERS=localhost:9092.',
      })
    }
    this.options = options
    this.#bootstrap = options.brokers.map(parseBrokerAddress)
    this.#token = bearerToken(options.sasl)
  }

  /** Asks a broker about topics, null for all; topics that do not exist are left out of the answer. */
  async refresh(topics: readonly string[] | null, withPermissions = false): Promise<TopicMetadata[]> {
    const response = await this.onAnyBroker((broker) =>
      broker.call(metadataV12.api, topics === null ? null : [...topics], false, withPermissions),
    )
    return this.metadata.update(response, topics)
  }

  /**
   * A connection to the partition's leader. `fresh` asks the brokers anew, after one said it does not lead. Throws
   * NotFoundError `topic-not-found` when this incarnation is gone, UnavailableError `leader-not-available`.
   */
  async leaderConnection(
    identity: TopicIdentity,
    partition: number,
    lane: string = controlLane,
    fresh = false,
  ): Promise<BrokerConnection> {
    const leader = await this.leader(identity, partition, fresh)
    return this.connectionTo(leader, lane)
  }

  /** Node id of the partition's leader; errors as `leaderConnection`. */
  async leader(identity: TopicIdentity, partition: number, fresh = false): Promise<number> {
    let ask = fresh
    return repeatUntilDone(electionLimitMs, async (): Promise<Attempt<number>> => {
      const cached = this.metadata.topic(identity.topic)
      if (ask || cached?.incarnationId !== identity.incarnationId) await this.refresh([identity.topic])
      ask = true
      const topic = this.metadata.topic(identity.topic)
      if (topic?.incarnationId !== identity.incarnationId) throw topicNotFound(identity.topic)
      const leader = topic.partitions[partition]?.leader ?? -1
      return leader >= 0 ? { done: leader } : { again: leaderMissing(identity.topic, partition) }
    })
  }

  /** A connection to the broker with this node id, opened when there is none. */
  async connectionTo(nodeId: number, lane: string = controlLane): Promise<BrokerConnection> {
    if (!this.metadata.brokers.has(nodeId)) await this.refresh([])
    const address = this.metadata.brokers.get(nodeId)
    if (address === undefined) throw brokerMissing(nodeId)
    return this.#connect(`${lane}/${brokerAddressText(address)}`, address)
  }

  /** A connection to the coordinator of a group or transactional id; waits while there is none yet. */
  async coordinator(
    kind: keyof typeof coordinatorKinds,
    key: string,
    lane: string = controlLane,
  ): Promise<BrokerConnection> {
    return repeatUntilDone(electionLimitMs, async (): Promise<Attempt<BrokerConnection>> => {
      const response = await this.onAnyBroker((broker) =>
        broker.call(findCoordinatorV4.api, coordinatorKinds[kind], [key]),
      )
      const found = response.coordinators[0]
      const code = found?.errorCode ?? KafkaCode.coordinatorNotAvailable
      if (found !== undefined && code === KafkaCode.none) {
        const address = { host: found.host, port: found.port }
        return { done: await this.#connect(`${lane}/${brokerAddressText(address)}`, address) }
      }
      const refusal = brokerRefusal(code, 'to name the coordinator', `${kind} '${key}'`, found?.errorMessage)
      if (!isRetriable(code)) throw refusal
      return { again: refusal }
    })
  }

  /** Runs a request that every broker can answer on the first one that can be reached. */
  async onAnyBroker<T>(request: (broker: BrokerConnection) => Promise<T>): Promise<T> {
    const failures: ColdstreamError[] = []
    for (const address of this.#addresses()) {
      try {
        return await request(await this.#connect(`${controlLane}/${brokerAddressText(address)}`, address))
      } catch (error) {
        if (!(error instanceof UnavailableError) || this.#closed) throw error
        // Another broker would not take the same credentials either, and repeated failures can lock an account.
        if (error.code === 'broker-authentication-failed' || error.code === 'bearer-token-unavailable') throw error
        failures.push(error)
      }
    }
    if (failures.length === 1) throw failures[0]
    throw new UnavailableError('broker-unreachable', failures.map((failure) => failure.message).join('; '), {
      remedy: failures[0]!.remedy,
      cause: failures[0],
      details: { brokers: failures.map((failure) => String(failure.details.broker)) },
    })
  }

  /** Closes the connections of a lane; requests on their way fail. */
  async closeLane(lane: string): Promise<void> {
    await this.#closeAll((key) => key.startsWith(`${lane}/`))
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#closeAll(() => true)
  }

  /** Known brokers first, as they are likelier to live; then the ones that were configured. */
  #addresses(): BrokerAddress[] {
    const byText = new Map<string, BrokerAddress>()
    for (const address of [...this.metadata.brokers.values(), ...this.#bootstrap]) {
      byText.set(brokerAddressText(address), address)
    }
    return [...byText.values()]
  }

  async #connect(key: string, address: BrokerAddress): Promise<BrokerConnection> {
    if (this.#closed) throw clusterClosed()
    const existing = this.#connections.get(key)
    const connection = await existing
    if (connection?.usable) return connection
    // Whoever comes first replaces it; the others find the replacement.
    if (this.#connections.get(key) !== existing) return this.#connect(key, address)
    const opening = replace(connection, () => BrokerConnection.open(address, this.options, this.#token))
    this.#connections.set(key, opening)
    try {
      return await opening
    } catch (error) {
      if (this.#connections.get(key) === opening) this.#connections.delete(key)
      throw error
    }
  }

  async #closeAll(chosen: (key: string) => boolean): Promise<void> {
    const closing: Promise<void>[] = []
    for (const [key, opening] of this.#connections) {
      if (!chosen(key)) continue
      this.#connections.delete(key)
      closing.push(
        opening.then(
          (connection) => connection.close(),
          () => undefined, // It never opened; whoever asked for it was told.
        ),
      )
    }
    await Promise.all(closing)
  }
}

async function replace(
  broken: BrokerConnection | undefined,
  open: () => Promise<BrokerConnection>,
): Promise<BrokerConnection> {
  await broken?.close()
  return open()
}

function leaderMissing(topic: string, partition: number): UnavailableError {
  return new UnavailableError('leader-not-available', `Partition ${partition} of topic '${topic}' has no leader`, {
    remedy: 'Its brokers are down or still electing one; look at the cluster, then try again.',
    details: { topic, partition },
  })
}

function brokerMissing(nodeId: number): UnavailableError {
  return new UnavailableError('broker-missing', `The cluster knows no broker with id ${nodeId} now`, {
    remedy: 'It is probably down; look at the cluster, then try again.',
    details: { nodeId },
  })
}

function clusterClosed(): UnavailableError {
  return new UnavailableError('broker-connection-closed', 'The connection to Kafka was closed by this process', {
    remedy: 'Start the work again.',
  })
}
