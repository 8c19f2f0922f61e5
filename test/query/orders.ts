import type { ArchivedRecord } from './archive.ts'

export const NINE = Date.UTC(2025, 0, 14, 9)
const MINUTE = 60_000

const TYPES = ['OrderPlaced', 'OrderPaid', 'OrderShipped'] as const

/**
 * Two hours of orders in two partitions: keyed by order, ids that repeat now and then, some tombstones, null keys and
 * values that are no JSON or no UTF-8.
 */
export function orders(): ArchivedRecord[] {
  return [0, 1].flatMap((partition) =>
    Array.from({ length: 60 }, (_, index): ArchivedRecord => {
      // Offsets beyond 2^53 in partition 1, with a hole after every tenth.
      const offset = (partition === 1 ? 9_007_199_254_740_993n : 0n) + BigInt(index + Math.floor(index / 10))
      const order = `order-${partition}-${index % 7}`
      const event = {
        id: `e-${partition}-${index - (index % 13 === 12 ? 1 : 0)}`,
        type: TYPES[index % 3],
        order,
        total: index * 1.5,
      }
      return {
        partition,
        offset,
        timestampMs: NINE + index * 2 * MINUTE,
        key: index % 20 === 19 ? null : Buffer.from(order),
        value: eventBytes(index, event),
        headers: [{ key: Buffer.from('trace'), value: Buffer.from([index]) }],
      }
    }),
  )
}

function eventBytes(index: number, event: object): Buffer | null {
  if (index % 17 === 16) return null
  if (index === 3) return Buffer.from('not json')
  if (index === 4) return Buffer.from([0xff, 0x00, 0x80])
  return Buffer.from(JSON.stringify(event))
}
