import { defineUpcaster } from 'coldstream/upcaster'

/** Version 1 named the products of an order, one entry for each piece. */
interface OrderV1 {
  version: 1
  orderId: string
  items: string[]
}

interface OrderV2 {
  version: 2
  orderId: string
  items: { productId: string; quantity: number; price: number }[]
  currency: string
}

/** An event of the topic that lists no items, such as OrderPaid. */
interface OtherEvent {
  version: number
  items?: never
}

/** Prices in cents while version 1 was written. */
const prices: Readonly<Record<string, number>> = {
  'espresso-beans-1kg': 2_450,
  'filter-paper-100': 390,
  'kettle-1l': 4_900,
  'hand-grinder': 7_900,
  'mug-blue': 1_250,
  'oat-drink-6': 1_140,
}

/** Before version 2 the shop sold in one currency, and few events said which. */
const currencyOfVersion1 = 'EUR'

export default defineUpcaster<OrderV1 | OrderV2 | OtherEvent>({
  name: 'orders-v2',
  version: 1,
  description: 'Orders of version 1 get quantities, prices and a currency.',
  accepts: 'json',
  upcast(event) {
    const order = event.value
    if (order.version !== 1 || order.items === undefined) return event
    const upcast: OrderV2 = { currency: currencyOfVersion1, ...order, version: 2, items: itemsOf(order.items) }
    return { ...event, value: upcast, headers: event.headers.map(withVersion2) }
  },
})

function itemsOf(productIds: readonly string[]): OrderV2['items'] {
  const quantities = new Map<string, number>()
  for (const productId of productIds) quantities.set(productId, (quantities.get(productId) ?? 0) + 1)
  return [...quantities].map(([productId, quantity]) => ({ productId, quantity, price: priceOf(productId) }))
}

/** An order for a product that never had a price is better looked at by somebody: it becomes a dead letter. */
function priceOf(productId: string): number {
  const price = prices[productId]
  if (price === undefined) throw new Error(`no price is known for the product ${productId}`)
  return price
}

function withVersion2<Header extends { key: string }>(header: Header): Header | { key: string; value: string } {
  return header.key === 'eventVersion' ? { key: 'eventVersion', value: '2' } : header
}
