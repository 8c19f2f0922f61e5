import { createHash, type Hash } from 'node:crypto'
import type { KafkaMessage } from 'kafkajs'

/** What records hold and in which order, in one number: key, value, headers and timestamp of each, per partition. */
export class RecordDigest {
  readonly #partitions = new Map<number, Hash>()
  #records = 0

  get records(): number {
    return this.#records
  }

  add(partition: number, { key, value, headers, timestamp }: KafkaMessage): void {
    let hash = this.#partitions.get(partition)
    if (hash === undefined) {
      hash = createHash('sha256')
      this.#partitions.set(partition, hash)
    }
    const fields = [key, value].map(toText)
    const named = Object.entries(headers ?? {}).map(([name, content]) => [name, ...[content].flat().map(toText)])
    hash.update(JSON.stringify([timestamp, ...fields, named]))
    this.#records++
  }

  /** SHA-256; nothing can be added afterwards. */
  checksum(): string {
    const partitions = [...this.#partitions].sort(([a], [b]) => a - b)
    return createHash('sha256')
      .update(JSON.stringify(partitions.map(([partition, hash]) => [partition, hash.digest('hex')])))
      .digest('hex')
  }
}

function toText(content: Buffer | string | null | undefined): string | null {
  return Buffer.isBuffer(content) ? content.toString('base64') : (content ?? null)
}
