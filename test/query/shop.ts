import type { ArchivedRecord } from './archive.ts'
import { NINE } from './orders.ts'

const MINUTE = 60_000

/** Topics of a shop over four hours: events of orders in three partitions, payments and shipments. */
export function shop(): Record<'shop-events' | 'payments' | 'shipments', ArchivedRecord[]> {
  return { 'shop-events': events(), payments: payments(), shipments: shipments() }
}

const TYPES = ['OrderPlaced', 'OrderPaid', 'OrderShipped']
const ORDERS = 24

/**
 * Holes in the offsets, offsets beyond 2^53, tombstones, null keys, values that are no JSON or no UTF-8, repeated ids, two
 * schema versions, numbers in several forms, nested fields, late times, headers that repeat or are NULL, odd text.
 */
function events(): ArchivedRecord[] {
  return [0, 1, 2].flatMap((partition) =>
    Array.from({ length: 80 }, (_, index): ArchivedRecord => {
      const offset = (partition === 2 ? 9_007_199_254_740_993n : 0n) + BigInt(index + Math.floor(index / 9))
      const timestampMs = NINE + index * 3 * MINUTE + partition * 137 + (index % 7) * 11
      const order = `order-${(index * 3 + partition) % ORDERS}`
      return {
        partition,
        offset,
        timestampMs,
        key: index % 19 === 18 ? null : Buffer.from(index % 23 === 22 ? 'größe-😀' : order),
        value: eventBytes(index, partition, order, timestampMs),
        headers: headersOf(index),
      }
    }),
  )
}

function eventBytes(index: number, partition: number, order: string, timestampMs: number): Buffer | null {
  if (index % 17 === 16) return null
  if (index === 3) return Buffer.from('not json')
  if (index === 4) return Buffer.from([0xff, 0x00, 0x80])
  if (index === 5) return Buffer.from('[1,2]')
  const late = index % 11 === 10 ? 3_600_000 + 1 : (index % 5) * 100
  return Buffer.from(
    JSON.stringify({
      id: `e-${partition}-${index - (index % 13 === 12 ? 1 : 0)}`,
      type: TYPES[index % 3],
      orderId: order,
      version: index < 40 ? 1 : '2',
      amount: index % 8 === 7 ? 'n/a' : index * 1.5 - 20,
      happenedAt: index % 9 === 8 ? 'yesterday' : new Date(timestampMs - late).toISOString(),
      customer: { id: `c-${index % 5}`, name: 'Ünal "X" \\ 😀' },
      items: [{ sku: `sku-${index % 4}` }, { sku: 'z' }],
    }),
  )
}

function headersOf(index: number): ArchivedRecord['headers'] {
  const trace = { key: Buffer.from('trace-id'), value: Buffer.from(`t-${index % 6}`) }
  if (index % 4 === 0) return []
  if (index % 4 === 1) return [{ key: Buffer.from('trace-id'), value: null }, trace]
  if (index % 4 === 2) return [{ key: Buffer.from('tenant'), value: Buffer.from('müller') }, trace, trace]
  return [trace]
}

function payments(): ArchivedRecord[] {
  return Array.from({ length: 30 }, (_, index) => ({
    partition: 0,
    offset: BigInt(index),
    timestampMs: NINE + index * 5 * MINUTE + 500,
    key: Buffer.from(`order-${index % 20}`),
    value: Buffer.from(JSON.stringify({ orderId: `order-${index % 20}`, amount: index + 0.25 })),
    headers: [],
  }))
}

function shipments(): ArchivedRecord[] {
  return Array.from({ length: 12 }, (_, index) => ({
    partition: 0,
    offset: BigInt(index),
    timestampMs: NINE + 90 * MINUTE + index * 6 * MINUTE,
    key: Buffer.from(`order-${index}`),
    value: Buffer.from(JSON.stringify({ orderId: `order-${index}`, carrier: 'post' })),
    headers: [],
  }))
}
