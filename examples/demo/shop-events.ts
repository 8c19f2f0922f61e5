import { type Random, seededRandom } from './random.ts'

export const topics = { orders: 4, payments: 4, shipments: 2 } as const

export type Topic = keyof typeof topics

/** One record to be. */
export interface ShopEvent {
  topic: Topic
  timestampMs: number
  /** null: it is about no order, payment or shipment in particular. */
  key: string | null
  /** null: a tombstone, what is known under the key is to be forgotten. */
  value: string | null
  headers: Record<string, string>
}

export interface ShopOptions {
  seed: number
  events: number
  /** When the shop opens, milliseconds since the Unix epoch. */
  startMs: number
}

/** Hours over which orders are placed; what follows on the last of them takes some hours more. */
const openHours = 6
const eventsPerOrder = 10.6
const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

const products = ['espresso-beans-1kg', 'filter-paper-100', 'kettle-1l', 'hand-grinder', 'mug-blue', 'oat-drink-6']
const carriers = ['dhl', 'dpd', 'gls', 'posti']
const countries = ['DE', 'FI', 'IE', 'PT', 'SE']

/**
 * What a small shop tells its topics on one day: orders with their payments and shipments, step by step, in the order of
 * writing; some events are written minutes after their time. The same options always give the same events.
 */
export function shopEvents({ seed, events, startMs }: ShopOptions): ShopEvent[] {
  const random = seededRandom(seed)
  const day = new ShopDay(random)
  const betweenOrdersMs = (openHours * hourMs * eventsPerOrder) / events
  let atMs = startMs
  for (let order = 1; day.length < events; order++) {
    atMs += betweenOrdersMs * 2 * random.fraction()
    liveOrder(day, random, order, Math.round(atMs))
    if (order % 100 === 0) announce(day, random, Math.round(atMs))
  }
  return day.inOrderOfWriting().slice(0, events)
}

/** Collects events with the time of their writing. */
class ShopDay {
  readonly #written: { atMs: number; event: ShopEvent }[] = []
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  get length(): number {
    return this.#written.length
  }

  add(event: ShopEvent): void {
    const lateMs = this.#random.percent(0.5) ? this.#random.integer(secondMs, 5 * minuteMs) : 0
    this.#written.push({ atMs: event.timestampMs + lateMs, event })
  }

  inOrderOfWriting(): ShopEvent[] {
    return this.#written.sort((a, b) => a.atMs - b.atMs).map(({ event }) => event)
  }
}

/** One order from its placing to the door, or to its cancelling. */
function liveOrder(day: ShopDay, random: Random, number: number, placedAtMs: number): void {
  const orderId = `order-${String(number).padStart(6, '0')}`
  const amountCents = random.integer(500, 25_000)
  const order = { orderId, customerId: `customer-${random.integer(1, 2_000)}`, amountCents, currency: 'EUR' }
  const traceId = random.hex(32)
  let atMs = placedAtMs
  const tell = (topic: Topic, key: string, type: string, more: object = {}): void => {
    const eventId = random.hex(16)
    const value = { eventId, type, version: 1, ...order, ...more, occurredAt: new Date(atMs).toISOString() }
    const headers = { eventType: type, eventVersion: '1', traceId, source: `${topic}-service` }
    day.add({ topic, timestampMs: atMs, key, value: JSON.stringify(value), headers })
  }
  const wait = (minMs: number, maxMs: number): void => {
    atMs += random.integer(minMs, maxMs)
  }
  const paymentId = `payment-${orderId}`
  const shipmentId = `shipment-${orderId}`
  const carrier = random.pick(carriers)

  // version 1 of the event: items are names, a newer version would carry quantities
  const items = Array.from({ length: random.integer(1, 4) }, () => random.pick(products))
  tell('orders', orderId, 'OrderPlaced', { items, country: random.pick(countries) })
  wait(secondMs, 40 * secondMs)
  if (random.percent(3)) {
    tell('payments', paymentId, 'PaymentFailed', { reason: random.pick(['card-expired', 'insufficient-funds']) })
    wait(secondMs, 30 * minuteMs)
    tell('orders', orderId, 'OrderCancelled', { reason: 'payment-failed' })
    return
  }
  tell('payments', paymentId, 'PaymentAuthorized', { method: random.pick(['card', 'invoice', 'wallet']) })
  wait(secondMs, 5 * secondMs)
  tell('payments', paymentId, 'PaymentCaptured')
  tell('orders', orderId, 'OrderPaid')
  wait(5 * minuteMs, 30 * minuteMs)
  if (random.percent(4)) {
    tell('orders', orderId, 'OrderCancelled', { reason: 'by-customer' })
    wait(minuteMs, 10 * minuteMs)
    tell('payments', paymentId, 'PaymentRefunded')
    // the customer also asked to be forgotten: a tombstone takes the order out of every compacted copy
    if (random.percent(40)) forget(day, orderId, traceId, atMs + hourMs)
    return
  }
  tell('orders', orderId, 'OrderPacked', { parcels: random.integer(1, 2) })
  tell('shipments', shipmentId, 'ShipmentCreated', { carrier })
  wait(10 * minuteMs, 40 * minuteMs)
  tell('shipments', shipmentId, 'ShipmentHandedOver', { carrier })
  tell('orders', orderId, 'OrderShipped', { carrier })
  wait(30 * minuteMs, 2 * hourMs)
  tell('shipments', shipmentId, 'ShipmentOutForDelivery', { carrier })
  wait(10 * minuteMs, hourMs)
  while (random.percent(8)) {
    tell('shipments', shipmentId, 'ShipmentDeliveryMissed', { carrier })
    wait(10 * minuteMs, hourMs)
  }
  tell('shipments', shipmentId, 'ShipmentDelivered', { carrier })
  tell('orders', orderId, 'OrderDelivered')
}

function forget(day: ShopDay, orderId: string, traceId: string, timestampMs: number): void {
  const headers = { eventType: 'OrderForgotten', eventVersion: '1', traceId, source: 'privacy-service' }
  day.add({ topic: 'orders', timestampMs, key: orderId, value: null, headers })
}

/** News that concern no single order, so their records have no key. */
function announce(day: ShopDay, random: Random, timestampMs: number): void {
  for (const topic of ['orders', 'shipments'] as const) {
    const type = topic === 'orders' ? 'PriceListPublished' : 'CarrierDelayAnnounced'
    const value = { eventId: random.hex(16), type, version: 1, occurredAt: new Date(timestampMs).toISOString() }
    const headers = { eventType: type, eventVersion: '1', traceId: random.hex(32), source: 'back-office' }
    day.add({ topic, timestampMs, key: null, value: JSON.stringify(value), headers })
  }
}
