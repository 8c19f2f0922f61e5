import { metadataV12 } from '@platformatic/kafka'
import type { AssignedPartition } from '../../../ports/group-membership.ts'
import { brokerRefusal, KafkaCode } from '../broker-error.ts'
import type { KafkaCluster } from '../cluster.ts'
import type { TopicMetadata } from '../cluster-metadata.ts'
import type { NamedPartition } from './consumer-protocol.ts'
import type { Divisible } from './divisible.ts'

/** What a member of a classic group has to know of topics, as nobody tells it: how many partitions, and which incarnation. */
export class TopicWatch implements Divisible {
  readonly protocolType: string = 'consumer'
  readonly #cluster: KafkaCluster
  #topics: Map<string, TopicMetadata> = new Map()
  /** Topics whose partitions were divided, with their number then; null while another member leads. */
  #divided: ReadonlyMap<string, number> | null = null

  constructor(cluster: KafkaCluster) {
    this.#cluster = cluster
  }

  get outdated(): boolean {
    return [...(this.#divided ?? [])].some(([topic, count]) => this.#count(topic) !== count)
  }

  /**
   * Asks a broker about these topics, and those that were divided. Throws UnavailableError `broker-permission-denied` when
   * one of these may not be described.
   */
  async look(topics: readonly string[]): Promise<void> {
    const asked = [...new Set([...topics, ...(this.#divided?.keys() ?? [])])]
    const response = await this.#cluster.onAnyBroker((broker) => broker.call(metadataV12.api, asked, false, false))
    const denied = response.topics.find(({ errorCode }) => errorCode === KafkaCode.topicAuthorizationFailed)
    if (typeof denied?.name === 'string' && topics.includes(denied.name)) {
      throw brokerRefusal(denied.errorCode, 'membership', `topic '${denied.name}'`)
    }
    const told = this.#cluster.metadata.update(response, asked)
    this.#topics = new Map(told.map((topic) => [topic.topic, topic]))
  }

  async divide(topics: readonly string[], own: readonly string[]): Promise<ReadonlyMap<string, number>> {
    this.#divided = new Map(topics.map((topic) => [topic, 0]))
    await this.look(own)
    this.#divided = new Map(topics.map((topic) => [topic, this.#count(topic)]))
    return this.#divided
  }

  follow(): void {
    this.#divided = null
  }

  identify(partitions: readonly NamedPartition[]): { partitions: AssignedPartition[]; complete: boolean } {
    const known = partitions.flatMap(({ topic, partition }): AssignedPartition[] => {
      const incarnationId = this.#topics.get(topic)?.incarnationId
      return incarnationId === undefined ? [] : [{ topic, incarnationId, partition }]
    })
    return { partitions: known, complete: known.length === partitions.length }
  }

  #count(topic: string): number {
    return this.#topics.get(topic)?.partitions.length ?? 0
  }
}
