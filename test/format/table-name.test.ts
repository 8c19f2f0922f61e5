import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mayName, tableName } from '../../src/format/table-name.ts'

describe("A topic's name as a table", () => {
  it('is lower case, and letters, digits and _ alone', () => {
    assert.deepEqual(['orders', 'Shop.Payments', '2025-orders', 'ä'].map(tableName), [
      'orders',
      'shop_payments',
      't_2025_orders',
      't__',
    ])
  })

  it('is found in SQL that may mean it: quoted, in other case, as a table of a catalog or a view of that', () => {
    for (const name of ['"Shop.Payments"', 'SHOP_PAYMENTS', 'events.shop_payments', 'shop_payments_decoded']) {
      assert.ok(mayName(`SELECT count(*) FROM ${name}`, 'Shop.Payments'), name)
    }
    assert.ok(!mayName('SELECT count(*) FROM payments', 'Shop.Payments'))
  })
})
