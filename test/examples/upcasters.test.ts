import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { shopEvents } from '../../examples/demo/shop-events.ts'
import { type OpenUpcaster, openUpcaster } from '../../src/replay/change/open-upcaster.ts'
import { rowsOf } from '../format/record-batch/samples.ts'
import { failureOf, place, recordOf, recordsOf, settingsOf, valuesOf } from '../replay/change/kit.ts'

const folder = join(import.meta.dirname, '..', '..', 'examples', 'upcasters')

describe('the example orders-v2', () => {
  let upcaster: OpenUpcaster
  before(async () => {
    upcaster = await openUpcaster('orders-v2', settingsOf(folder), null)
  })
  after(() => upcaster.close())

  const upcast = async (...values: object[]) =>
    upcaster.upcast(
      place,
      rowsOf(values.map((value) => recordOf(JSON.stringify(value), { headers: [versionHeader('1')] }))),
      0,
      values.length,
    )

  it('makes version 2 of orders of version 1', async () => {
    const [row] = await upcast({ version: 1, orderId: 'order-1', items: ['mug-blue', 'kettle-1l', 'mug-blue'] })
    assert.deepEqual(JSON.parse(valuesOf(row)[0]!), {
      version: 2,
      orderId: 'order-1',
      currency: 'EUR',
      items: [
        { productId: 'mug-blue', quantity: 2, price: 1_250 },
        { productId: 'kettle-1l', quantity: 1, price: 4_900 },
      ],
    })
    assert.deepEqual(recordsOf(row)[0]?.headers, [versionHeader('2')])
  })

  it('leaves other events and version 2 as they are', async () => {
    const values = [
      { version: 1, type: 'OrderPaid' },
      { version: 2, orderId: 'order-1', items: [], currency: 'SEK' },
    ]
    const rows = await upcast(...values)
    assert.deepEqual(
      rows.flatMap(valuesOf),
      values.map((value) => JSON.stringify(value)),
    )
    assert.deepEqual(recordsOf(rows[1])[0]?.headers, [versionHeader('1')])
  })

  it('fails on a product without a price, and says where', async () => {
    const [row] = await upcast({ version: 1, orderId: 'order-1', items: ['samovar'] })
    assert.match(failureOf(row), /^Error: no price is known for the product samovar \(orders-v2\.ts:\d+\)$/)
  })

  it('upcasts every order of the demo', async () => {
    const events = shopEvents({ seed: 1, events: 2_000, startMs: 0 }).filter(({ topic }) => topic === 'orders')
    const records = events.map(({ value }) => recordOf(value))
    const rows = await upcaster.upcast(place, rowsOf(records), 0, records.length)
    const changed = rows.filter((row, index) => valuesOf(row)[0] !== events[index]!.value)
    const placed = events.filter(({ value }) => value?.includes('"OrderPlaced"'))
    assert.equal(changed.length, placed.length)
    assert.ok(placed.length > 100)
  })
})

function versionHeader(version: string): { key: Buffer; value: Buffer } {
  return { key: Buffer.from('eventVersion'), value: Buffer.from(version) }
}
