const seed = 0x9747b28c
const m = 0x5bd1e995
const r = 24

/**
 * The 32-bit murmur2 of bytes `[start, start + length)` as Kafka's clients compute it, signed
 * (`org.apache.kafka.common.utils.Utils.murmur2`).
 */
export function murmur2(bytes: Uint8Array, start: number, length: number): number {
  let h = seed ^ length
  const end = start + length
  let at = start
  for (; end - at >= 4; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> r
    k = Math.imul(k, m)
    h = Math.imul(h, m) ^ k
  }
  const left = end - at
  if (left === 3) h ^= bytes[at + 2]! << 16
  if (left >= 2) h ^= bytes[at + 1]! << 8
  if (left >= 1) {
    h ^= bytes[at]!
    h = Math.imul(h, m)
  }
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}

/** The partition, of `partitions`, that the default partitioner of Java's client and of kafkajs gives such a key. */
export function keyPartition(bytes: Uint8Array, start: number, length: number, partitions: number): number {
  return (murmur2(bytes, start, length) & 0x7fffffff) % partitions
}
