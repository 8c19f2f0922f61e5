import { createHash } from 'node:crypto'

/** The steps of an order's life, in their order. An order that was cancelled stays so. */
export const statuses = ['placed', 'paid', 'packed', 'shipped', 'delivered', 'cancelled'] as const

export type OrderStatus = (typeof statuses)[number]

/** One line of the read model: how many orders of a customer are in which status, and what they are worth together. */
export interface CustomerRow {
  customerId: string
  orders: Record<OrderStatus, number>
  amountCents: number
}

interface Order {
  customerId: string
  status: OrderStatus
  amountCents: number
}

const statusOfType: ReadonlyMap<string, OrderStatus> = new Map(
  statuses.map((status) => [`Order${status[0]!.toUpperCase()}${status.slice(1)}`, status]),
)

/** Orders by customer, folded from the records of the topic `orders`: a read model small enough to be read in one go. */
export class OrdersByCustomer {
  readonly #orders = new Map<string, Order>()

  /** Takes the next record. A null value (a tombstone) erases the order; a record without a key is about no order. */
  apply(key: Buffer | null, value: Buffer | null): void {
    if (key === null) return
    const orderId = key.toString()
    if (value === null) {
      this.#orders.delete(orderId)
      return
    }
    const event = JSON.parse(value.toString()) as { type: string; customerId: string; amountCents: number }
    const status = statusOfType.get(event.type)
    if (status === undefined) return
    const known = this.#orders.get(orderId)
    // an event that comes late does not take an order back to a status it has left
    if (known !== undefined && statuses.indexOf(known.status) >= statuses.indexOf(status)) return
    this.#orders.set(orderId, { customerId: event.customerId, status, amountCents: event.amountCents })
  }

  get orders(): number {
    return this.#orders.size
  }

  /** Ordered by customer, so that equal models have equal rows. */
  rows(): CustomerRow[] {
    const customers = new Map<string, CustomerRow>()
    for (const { customerId, status, amountCents } of this.#orders.values()) {
      const row = customers.get(customerId) ?? emptyRow(customerId)
      row.orders[status]++
      row.amountCents += amountCents
      customers.set(customerId, row)
    }
    return [...customers.values()].sort((a, b) => (a.customerId < b.customerId ? -1 : 1))
  }

  /** SHA-256 over all rows: two models with the same checksum answer every question alike. */
  checksum(): string {
    return createHash('sha256').update(JSON.stringify(this.rows())).digest('hex')
  }
}

function emptyRow(customerId: string): CustomerRow {
  const orders = { placed: 0, paid: 0, packed: 0, shipped: 0, delivered: 0, cancelled: 0 }
  return { customerId, orders, amountCents: 0 }
}
