/** A header as it is written. */
interface Header {
  key: Uint8Array
  value: Uint8Array
}

/** Where a record of a replay is from. */
export interface ChangeOrigin {
  /** Id of the replay. */
  replay: string
  /** The source's. */
  topic: string
  partition: number
}

const keys = {
  replay: Buffer.from('coldstream.replay.id'),
  topic: Buffer.from('coldstream.source.topic'),
  partition: Buffer.from('coldstream.source.partition'),
  offset: Buffer.from('coldstream.source.offset'),
  timestamp: Buffer.from('coldstream.source.timestamp'),
} as const

/** Makes the headers that say where a record is from: texts in UTF-8, numbers in decimals, the time in milliseconds. */
export class Provenance {
  readonly #replay: Header
  readonly #topic: Header
  readonly #partition: Header

  constructor({ replay, topic, partition }: ChangeOrigin) {
    this.#replay = { key: keys.replay, value: Buffer.from(replay) }
    this.#topic = { key: keys.topic, value: Buffer.from(topic) }
    this.#partition = { key: keys.partition, value: Buffer.from(String(partition)) }
  }

  headers(offset: bigint, timestampMs: number): Header[] {
    return [
      this.#replay,
      this.#topic,
      this.#partition,
      { key: keys.offset, value: Buffer.from(String(offset)) },
      { key: keys.timestamp, value: Buffer.from(String(timestampMs)) },
    ]
  }
}
