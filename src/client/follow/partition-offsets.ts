/** An offset per partition of some topics. */
export class PartitionOffsets {
  readonly #topics = new Map<string, Map<number, bigint>>()

  get(topic: string, partition: number): bigint | undefined {
    return this.#topics.get(topic)?.get(partition)
  }

  set(topic: string, partition: number, offset: bigint): void {
    const partitions = this.#topics.get(topic) ?? new Map<number, bigint>()
    this.#topics.set(topic, partitions.set(partition, offset))
  }

  *[Symbol.iterator](): Generator<{ topic: string; partition: number; offset: bigint }> {
    for (const [topic, partitions] of this.#topics) {
      for (const [partition, offset] of partitions) yield { topic, partition, offset }
    }
  }

  /** Whether these are at or beyond the others in every partition of the others. */
  reach(others: PartitionOffsets): boolean {
    for (const { topic, partition, offset } of others) {
      if ((this.get(topic, partition) ?? 0n) < offset) return false
    }
    return true
  }
}
