import { setTimeout as sleep } from 'node:timers/promises'
import { NotFoundError } from '../../errors.ts'
import type { TopicIdentity } from '../../ports/event-log.ts'
import type { Codec, RecordBlock } from '../../ports/record-block.ts'
import { BatchMemory } from './batch-memory.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { PartitionLine } from './partition-line.ts'
import { lastingRefusal, targetDeleted } from './produce-refusal.ts'
import { type ProduceOutcome, produce } from './produce-request.ts'
import { isPassing } from './retry.ts'
import { isDisplaced, type TransactionSession } from './transaction-session.ts'

/** The broker remembers the last five batches of a producer per partition: more in flight could not be sent again. */
const maxRequestsInFlight = 4
const maxRequestBytes = 4 * 1024 * 1024
/** What may wait and be in flight before `room` holds its caller back. */
const maxBufferedBytes = 16 * 1024 * 1024
/** How long one partition may be without success; below the transaction's own limit. */
const troubleLimitMs = 45_000
const retryPauseMs = 50

interface BrokerState {
  /** Null while there is none; it is being opened then if a line waits for it. */
  connection: BrokerConnection | null
  inFlight: number
}

/** A batch as it goes out, with the line it belongs to. */
interface Sending {
  line: PartitionLine
  batch: Buffer
}

interface Waiter {
  over: () => boolean
  resolve: () => void
  reject: (reason: Error) => void
}

/**
 * Sends batches of one transaction at a time to the partitions' leaders: several requests at once, several partitions in
 * a request, each partition's batches in order. What fails for a passing reason goes again with the same sequence, so
 * that the broker stores it once. The first lasting failure stops the queue and reaches every later caller.
 */
export class ProduceQueue {
  readonly #cluster: KafkaCluster
  readonly #lane: string
  readonly #session: TransactionSession
  readonly #codec: Codec
  readonly #memory = new BatchMemory()
  readonly #lines: Map<string, PartitionLine> = new Map()
  readonly #brokers: Map<number, BrokerState> = new Map()
  /** What is under way: requests, looking for leaders, pauses. None of them rejects. */
  readonly #underWay: Set<Promise<void>> = new Set()
  #waiters: Waiter[] = []
  #bufferedBytes = 0
  #failure: Error | null = null
  #dropping = false
  /** Rotates, so that no partition is served before the others every time. */
  #turn = 0

  constructor(cluster: KafkaCluster, lane: string, session: TransactionSession, codec: Codec) {
    this.#cluster = cluster
    this.#lane = lane
    this.#session = session
    this.#codec = codec
  }

  get failure(): Error | null {
    return this.#failure
  }

  /** Encodes the block at once and sends it as soon as may be. Throws the failure that stopped the queue. */
  add(topic: TopicIdentity, partition: number, block: RecordBlock): void {
    if (this.#failure !== null) throw this.#failure
    const key = `${topic.topic}/${partition}`
    let line = this.#lines.get(key)
    if (line === undefined) {
      line = new PartitionLine(topic, partition, this.#memory)
      this.#lines.set(key, line)
    }
    this.#bufferedBytes += line.add(block, this.#codec, this.#session.producer)
    this.#pump()
  }

  /** Resolves when more may be added. */
  room(): Promise<void> {
    return this.#until(() => this.#bufferedBytes < maxBufferedBytes)
  }

  /** Resolves when the brokers have stored everything that was added. */
  flush(): Promise<void> {
    return this.#until(() => this.#bufferedBytes === 0)
  }

  /** Forgets what is not stored yet; resolves when nothing is under way any more. */
  async drop(): Promise<void> {
    this.#dropping = true
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    this.#lines.clear()
    this.#memory.forgetLent()
    this.#bufferedBytes = 0
    this.#dropping = false
  }

  #until(over: () => boolean): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (over()) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiters.push({ over, resolve, reject }))
  }

  #wakeWaiters(): void {
    const waiting = this.#waiters
    this.#waiters = []
    for (const waiter of waiting) {
      if (this.#failure !== null) waiter.reject(this.#failure)
      else if (waiter.over()) waiter.resolve()
      else this.#waiters.push(waiter)
    }
  }

  /** Stops the queue for good; returns why it stopped, which may have been earlier. */
  fail(error: unknown): Error {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.#wakeWaiters()
    return this.#failure
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        this.fail(error)
      })
      .finally(() => {
        this.#underWay.delete(tracked)
      })
    this.#underWay.add(tracked)
  }

  /** Sends all that may be sent now. */
  #pump(): void {
    if (this.#failure !== null || this.#dropping) return
    const lines = [...this.#lines.values()]
    this.#turn += 1
    const inTurn = lines.map((_, index) => lines[(index + this.#turn) % lines.length]!)
    for (const line of inTurn) if (line.ready && this.#brokerOf(line) === null) this.#track(this.#findBroker(line))
    for (const broker of this.#brokers.values()) {
      while (broker.inFlight < maxRequestsInFlight && this.#sendTo(broker, inTurn)) broker.inFlight += 1
    }
  }

  /** The line's leader with a connection that works, or null. */
  #brokerOf(line: PartitionLine): BrokerState | null {
    const broker = line.leader === null ? undefined : this.#brokers.get(line.leader)
    return broker?.connection?.usable ? broker : null
  }

  async #findBroker(line: PartitionLine): Promise<void> {
    line.waiting = true
    try {
      line.leader = await this.#cluster.leader(line.topic, line.partition, line.troubledSince !== null)
      const connection = await this.#cluster.connectionTo(line.leader, this.#lane)
      const broker = this.#brokers.get(line.leader) ?? { connection, inFlight: 0 }
      broker.connection = connection
      this.#brokers.set(line.leader, broker)
    } catch (error) {
      if (error instanceof NotFoundError) throw targetDeleted(line.topic.topic)
      if (!isPassing(error)) throw error
      await this.#pause(line, error)
    } finally {
      line.waiting = false
    }
    this.#pump()
  }

  /** One request to the broker with the first batch of each line that it leads; false when there is none. */
  #sendTo(broker: BrokerState, lines: readonly PartitionLine[]): boolean {
    const connection = broker.connection
    if (connection === null || !connection.usable) return false
    const sending: Sending[] = []
    let bytes = 0
    for (const line of lines) {
      if (!line.ready || this.#brokerOf(line) !== broker) continue
      const size = line.pending[0]!.length
      if (sending.length > 0 && bytes + size > maxRequestBytes) continue
      bytes += size
      sending.push({ line, batch: line.take() })
    }
    if (sending.length === 0) return false
    this.#track(this.#send(broker, connection, sending))
    return true
  }

  async #send(broker: BrokerState, connection: BrokerConnection, sending: readonly Sending[]): Promise<void> {
    const batches = sending.map(({ line, batch }) => ({ topic: line.topic.topic, partition: line.partition, batch }))
    try {
      const version = this.#session.version2 ? 12 : 11
      const outcomes = await produce(connection, version, this.#session.transactionalId, batches)
      for (const { line, batch } of sending) {
        const outcome = outcomes.find((one) => one.partition === line.partition && one.topic === line.topic.topic)
        line.unanswered -= 1
        await this.#settle(line, batch, outcome ?? unanswered(line))
      }
    } catch (error) {
      if (!isPassing(error)) throw error
      for (const { line } of sending) {
        line.unanswered -= 1
        this.#recover(line, error)
      }
    } finally {
      broker.inFlight -= 1
    }
    this.#wakeWaiters()
    this.#pump()
  }

  async #settle(line: PartitionLine, batch: Buffer, outcome: ProduceOutcome): Promise<void> {
    const { code } = outcome
    if (code === KafkaCode.none || code === KafkaCode.duplicateSequence) {
      line.stored(batch)
      this.#bufferedBytes -= batch.length
      if (line.recovering) this.#recover(line, null)
      return
    }
    // Behind a batch that failed, the broker misses its sequence: that one is the cause, and both go again.
    const follows = code === KafkaCode.outOfOrderSequence && line.recovering
    if (!isRetriable(code) && !follows) throw await this.#lastingRefusal(line, batch, outcome)
    this.#recover(line, refusal(line, outcome))
  }

  /** Once every batch of the line is answered, sends again what is not stored, after a pause. */
  #recover(line: PartitionLine, reason: Error | null): void {
    line.recovering = true
    line.lastTrouble = reason ?? line.lastTrouble
    if (line.unanswered > 0) return
    line.rewind()
    line.leader = null
    line.waiting = true
    const pause = this.#pause(line, line.lastTrouble).finally(() => {
      line.waiting = false
    })
    this.#track(pause.then(() => this.#pump()))
  }

  /** Throws the reason when the line has had nothing but trouble for too long. */
  async #pause(line: PartitionLine, reason: Error | null): Promise<void> {
    const now = performance.now()
    line.troubledSince ??= now
    if (reason !== null && now - line.troubledSince > troubleLimitMs) throw reason
    if (!this.#dropping && this.#failure === null) await sleep(retryPauseMs)
  }

  async #lastingRefusal(line: PartitionLine, batch: Buffer, outcome: ProduceOutcome): Promise<Error> {
    if (isDisplaced(outcome.code)) return this.#session.whyDisplaced()
    return (await lastingRefusal(this.#cluster, outcome, batch.length)) ?? refusal(line, outcome)
  }
}

function refusal(line: PartitionLine, { code, message }: ProduceOutcome): Error {
  return brokerRefusal(code, 'records', `partition ${line.partition} of topic '${line.topic.topic}'`, message)
}

function unanswered(line: PartitionLine): ProduceOutcome {
  return { topic: line.topic.topic, partition: line.partition, code: KafkaCode.networkException, message: 'no answer' }
}
