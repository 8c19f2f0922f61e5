import { createHash } from 'node:crypto'
import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** The steps of an order's life, in their order. An order that was cancelled stays so. */
const statuses = ['placed', 'paid', 'packed', 'shipped', 'delivered', 'cancelled'] as const

type OrderStatus = (typeof statuses)[number]

/** One line of the model: how many orders of a customer are in which status, and what they are worth together. */
export interface CustomerRow {
  customerId: string
  orders: Record<OrderStatus, number>
  amountCents: number
}

/** Records of a partition, in their order; as the client hands them on, and kafkajs. */
export interface Run {
  topic: string
  partition: number
  messages: readonly { offset: string; key: Buffer | null; value: Buffer | null }[]
}

const statusOfType: ReadonlyMap<string, OrderStatus> = new Map(
  statuses.map((status) => [`Order${status[0]!.toUpperCase()}${status.slice(1)}`, status]),
)

const schema = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, customer TEXT, status INTEGER, cents INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS positions (topic TEXT, partition INTEGER, next INTEGER, PRIMARY KEY (topic, partition)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS applied (phase TEXT PRIMARY KEY, records INTEGER) WITHOUT ROWID;
`

/**
 * Orders by customer, in SQLite. Beside the orders stands how far each partition was read, written in the same transaction:
 * records that come again after a crash are known and passed over, so each counts once.
 */
export class OrdersByCustomer {
  readonly #database: DatabaseSync
  readonly #next: StatementSync
  readonly #advance: StatementSync
  readonly #count: StatementSync
  readonly #put: StatementSync
  readonly #erase: StatementSync

  /** `file`: where the database is or shall be; `:memory:` for one that is gone with the process. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file)
    this.#database.exec(schema)
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql)
    this.#next = prepare('SELECT next FROM positions WHERE topic = ? AND partition = ?')
    this.#advance = prepare('INSERT OR REPLACE INTO positions VALUES (?, ?, ?)')
    this.#count = prepare(
      'INSERT INTO applied VALUES (?, ?) ON CONFLICT DO UPDATE SET records = records + excluded.records',
    )
    // an event that comes late does not take an order back to a status it has left
    this.#put = prepare(
      'INSERT INTO orders VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET customer = excluded.customer, status = excluded.status, cents = excluded.cents WHERE excluded.status > status',
    )
    this.#erase = prepare('DELETE FROM orders WHERE id = ?')
  }

  /** Takes the next records of a partition, all or none. `phase`: counted under this name. */
  apply({ topic, partition, messages }: Run, phase: string): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const next = this.position(topic, partition)
      const fresh = messages.filter(({ offset }) => Number(offset) >= next)
      for (const { key, value } of fresh) this.#applyOne(key, value)
      if (fresh.length > 0) this.#advance.run(topic, partition, Number(fresh.at(-1)!.offset) + 1)
      this.#count.run(phase, fresh.length)
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Offset after the last record of that partition that the model holds. */
  position(topic: string, partition: number): number {
    return Number(this.#next.get(topic, partition)?.next ?? 0)
  }

  /** Records it was made of, by phase. */
  applied(): Record<string, number> {
    const rows = this.#database.prepare('SELECT phase, records FROM applied').all()
    return Object.fromEntries(rows.map(({ phase, records }) => [String(phase), Number(records)]))
  }

  get orders(): number {
    return Number(this.#database.prepare('SELECT count(*) AS orders FROM orders').get()!.orders)
  }

  /** Ordered by customer, so that equal models have equal rows. */
  rows(): CustomerRow[] {
    const counts = statuses.map((status, index) => `count(*) FILTER (WHERE status = ${index}) AS ${status}`)
    const sql = `SELECT customer, ${counts.join(', ')}, sum(cents) AS cents FROM orders GROUP BY customer ORDER BY customer`
    return this.#database
      .prepare(sql)
      .all()
      .map((row) => ({
        customerId: String(row.customer),
        orders: Object.fromEntries(statuses.map((status) => [status, Number(row[status])])) as Record<
          OrderStatus,
          number
        >,
        amountCents: Number(row.cents),
      }))
  }

  /** SHA-256 over all orders: two models with the same checksum answer every question alike. */
  checksum(): string {
    const hash = createHash('sha256')
    for (const order of this.#database.prepare('SELECT * FROM orders ORDER BY id').iterate()) {
      hash.update(JSON.stringify(Object.values(order)))
    }
    return hash.digest('hex')
  }

  close(): void {
    this.#database.close()
  }

  /** A null value (a tombstone) erases the order; a record without a key is about no order. */
  #applyOne(key: Buffer | null, value: Buffer | null): void {
    if (key === null) return
    if (value === null) {
      this.#erase.run(key.toString())
      return
    }
    const event = JSON.parse(value.toString()) as { type: string; customerId: string; amountCents: number }
    const status = statusOfType.get(event.type)
    if (status === undefined) return
    this.#put.run(key.toString(), event.customerId, statuses.indexOf(status), event.amountCents)
  }
}
