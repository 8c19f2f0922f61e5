import { ConflictError, UnavailableError } from '../../errors.ts'
import { BlockRows } from '../../format/record-batch/index.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import type { EventLog, EventReader, PartitionFetch, TopicIdentity } from '../../ports/event-log.ts'
import type { SourceRun } from '../../ports/record-block.ts'
import type { OpenSegment } from './merge.ts'

export interface LiveSourceOptions {
  eventLog: EventLog
  topic: TopicIdentity
  partition: number
  /** First offset that is read, and the one after the last. Everything below `until` is decided when reading begins. */
  from: bigint
  until: bigint
  signal: AbortSignal
  /** Bytes of one fetch. */
  maxBytes?: number
  /** After so long without any news of the partition it is given up. */
  patienceMs?: number
}

/** Rows of a partition, from the broker. */
export interface LiveSource extends OpenSegment {
  close(): Promise<void>
}

const defaultMaxBytes = 4 * 1024 * 1024
const defaultPatienceMs = 120_000
const maxWaitMs = 500

/**
 * Every record that a read-committed consumer sees at offsets `[from, until)`, ascending; offsets that have none are
 * passed over. The broker is asked only when the first batch is. A batch is valid until the next one is asked for.
 *
 * `next` throws ConflictError `history-lost` when retention deleted offsets of the range, NotFoundError `topic-not-found`
 * when the topic (this incarnation) is gone, DamagedDataError, UnavailableError, and the signal's reason when it aborts.
 */
export function openLiveSource(options: LiveSourceOptions): LiveSource {
  return new BrokerRows(options)
}

class BrokerRows implements LiveSource {
  readonly #options: LiveSourceOptions
  readonly #rows: BlockRows
  #reader: Promise<EventReader> | null = null
  /** Runs that were fetched and not given out yet. */
  #runs: SourceRun[] = []
  /** Everything below was given out, or has no record. */
  #next: bigint
  /** Offset after the last run. */
  #fetched: bigint

  constructor(options: LiveSourceOptions) {
    this.#options = options
    this.#rows = new BlockRows(options.partition)
    this.#next = options.from
    this.#fetched = options.from
  }

  async next(): Promise<RowBatch | null> {
    const { until } = this.#options
    while (this.#next < until) {
      const run = this.#runs.shift()
      if (run === undefined) {
        this.#next = this.#fetched
        if (this.#next < until) await this.#fetch()
        continue
      }
      if (run.kind === 'gap') {
        this.#pass(run)
        continue
      }
      const batch = this.#rows.take(run.block, this.#next, until)
      this.#next = run.block.lastOffset + 1n
      if (batch.rows > 0) return batch
    }
    await this.close()
    return null
  }

  async close(): Promise<void> {
    const reader = this.#reader
    this.#reader = null
    await (await reader)?.close()
  }

  #pass(gap: SourceRun & { kind: 'gap' }): void {
    const { topic, partition, until } = this.#options
    const last = gap.lastOffset < until ? gap.lastOffset : until - 1n
    if (gap.reason !== 'retention') {
      this.#next = last + 1n
      return
    }
    const what = `offsets ${gap.firstOffset} to ${last} of partition ${partition} of topic '${topic.topic}'`
    throw new ConflictError('history-lost', `Retention deleted ${what} before they were read`, {
      remedy:
        'Replay what is archived of them, or up to the end of the archive; keep records on the broker longer than they take to be archived.',
      details: { topic: topic.topic, partition, firstOffset: String(gap.firstOffset), lastOffset: String(last) },
    })
  }

  async #fetch(): Promise<void> {
    const { signal, patienceMs = defaultPatienceMs } = this.#options
    const reader = await this.#open()
    const deadlineMs = performance.now() + patienceMs
    for (;;) {
      const delivered = await reader.next(signal)
      for (const fetched of delivered) this.#take(fetched)
      if (delivered.length > 0) return
      if (performance.now() >= deadlineMs) throw this.#nothingMore()
    }
  }

  #take({ runs, next }: PartitionFetch): void {
    this.#runs.push(...runs)
    this.#fetched = next
  }

  #open(): Promise<EventReader> {
    const { eventLog, topic, partition, maxBytes = defaultMaxBytes } = this.#options
    const position = { ...topic, partition, offset: this.#next, epoch: -1 }
    this.#reader ??= eventLog.openReader([position], { maxBytes, maxWaitMs })
    return this.#reader
  }

  #nothingMore(): UnavailableError {
    const { topic, partition, until } = this.#options
    return new UnavailableError(
      'history-not-reached',
      `The broker gives nothing of partition ${partition} of topic '${topic.topic}' from offset ${this.#next} on, although it had decided everything below ${until}`,
      {
        remedy:
          'Look whether a leader without all records was elected, or a transaction hangs (kafka-transactions find-hanging).',
        details: { topic: topic.topic, partition, offset: String(this.#next), until: String(until) },
      },
    )
  }
}
