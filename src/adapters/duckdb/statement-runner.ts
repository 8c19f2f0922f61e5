import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api'
import { failureOf, forbidden, notOfTheStatement } from './failure.ts'
import type { DatabaseSettings, Failure, FromChild, OpenMessage, RunMessage, ToChild } from './protocol.ts'
import { refusalsOf, systemViews } from './refusals.ts'
import { RowStream } from './row-stream.ts'
import { boundMemory, lockOnto, openDatabase, pathsOf } from './sandbox.ts'
import { parseSelect, prepareSelect } from './statement.ts'

const REHEARSED =
  "SELECT count(*), max(t) FROM (SELECT TIMESTAMP '2025-01-14 09:00:00' AS t) WHERE t >= DATE '2025-01-14'"

/** One statement, from its text to its rows, in a database of its own. Paths are relative to the working folder. */
export class StatementRunner {
  /** Opened at once: what a statement need not wait for is done before there is one. */
  readonly #opening: Promise<{ connection: DuckDBConnection; views: ReadonlySet<string> }>
  #connection: DuckDBConnection | null = null
  #settings: OpenMessage | null = null
  #stream: RowStream | null = null
  #paths: ReadonlySet<string> = new Set()

  constructor(settings: DatabaseSettings) {
    this.#opening = open(settings)
    // told by the answer to the first message
    this.#opening.catch(() => undefined)
  }

  /** Answers a message; a failure is an answer, too. */
  async answer(message: ToChild): Promise<FromChild> {
    try {
      switch (message.kind) {
        case 'open':
          return await this.#open(message)
        case 'run':
          return await this.#run(message)
        case 'next':
          return await this.#stream!.next()
      }
    } catch (error) {
      return { kind: 'failed', failure: this.#failureOf(error) }
    }
  }

  /** Share of the work that is done, or null while it is not known. */
  get progress(): number | null {
    const percentage = this.#connection?.progress.percentage ?? -1
    return percentage > 0 ? Math.min(1, percentage / 100) : null
  }

  /** Ends the database; what still runs in it fails. */
  close(): void {
    this.#connection?.closeSync()
  }

  async #open(message: OpenMessage): Promise<FromChild> {
    this.#settings = message
    const { connection, views } = await this.#opening
    this.#connection = connection
    await boundMemory(connection, message.maxMemoryBytes)
    const parsed = await parseSelect(connection, message.sql, message.parameters)
    const refusals = refusalsOf(parsed, views)
    if (refusals.length > 0) throw forbidden(refusals.join(' '))
    return { kind: 'tables', names: parsed.tables, bounds: parsed.bounds }
  }

  async #run({ tables }: RunMessage): Promise<FromChild> {
    const connection = this.#connection!
    const { sql, parameters, maxRows, maxResultBytes } = this.#settings!
    this.#paths = new Set(pathsOf(tables))
    try {
      await lockOnto(connection, tables)
    } catch (error) {
      throw notOfTheStatement(this.#failureOf(error))
    }
    const statement = await prepareSelect(connection, sql, parameters)
    const result = await statement.stream()
    this.#stream = new RowStream(result, maxRows, maxResultBytes)
    return { kind: 'columns', columns: columnsOf(result) }
  }

  #failureOf(error: unknown): Failure {
    return failureOf(error, this.#settings?.sql ?? '', this.#paths)
  }
}

/** Has answered a statement already, so that the first one that somebody waits for does not pay for what is loaded and compiled then. */
async function open(settings: DatabaseSettings) {
  const connection = await openDatabase(settings)
  const views = await systemViews(connection)
  refusalsOf(await parseSelect(connection, REHEARSED, []), views)
  const result = await (await prepareSelect(connection, REHEARSED, [])).stream()
  await new RowStream(result, 1, 1).next()
  return { connection, views }
}

function columnsOf(result: DuckDBResult): { name: string; type: string }[] {
  return result.columnNames().map((name, index) => ({ name, type: result.columnType(index).toString() }))
}
