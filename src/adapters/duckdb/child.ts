/**
 * The child process in which a statement runs. It is born for one statement and dies with it: memory that DuckDB takes
 * beyond its own limit, an endless join, a crash cost this process, never the service.
 */
import { type DuckDBConnection, type DuckDBResult, DuckDBTimestampTZValue } from '@duckdb/node-api'
import { failureOf, forbidden, notOfTheStatement } from './failure.ts'
import type { FromChild, OpenMessage, RunMessage, ToChild } from './protocol.ts'
import { RowStream } from './row-stream.ts'
import { lockOnto, openDatabase, refusedTableFunctions } from './sandbox.ts'
import { parseSelect, prepareSelect } from './statement.ts'

const MEMORY_CHECK_MS = 50
const PROGRESS_MS = 200
/** What Node, DuckDB's code and a batch on its way take beside DuckDB's buffers. */
const BASE_MEMORY_BYTES = 256 * 1024 * 1024

let connection: DuckDBConnection
let settings: OpenMessage
let stream: RowStream
let paths: ReadonlySet<string> = new Set()

process.on('message', (message: ToChild) => {
  handle(message).then(send, (error: unknown) => {
    send({ kind: 'failed', failure: failureOf(error, settings.sql, paths) })
  })
})
// The service is gone: nobody waits for the answer.
process.on('disconnect', () => process.exit(0))

async function handle(message: ToChild): Promise<FromChild> {
  switch (message.kind) {
    case 'open':
      return open(message)
    case 'run':
      return run(message)
    case 'next':
      return stream.next()
  }
}

async function open(message: OpenMessage): Promise<FromChild> {
  settings = message
  watchMemory(message.maxMemoryBytes + BASE_MEMORY_BYTES)
  connection = await openDatabase(message)
  const { tables, bounds, tableFunctions } = await parseSelect(connection, message.sql, message.parameters)
  const refused = refusedTableFunctions(tableFunctions)
  if (refused.length > 0) throw forbidden(`Table functions that may not be called here: ${refused.join(', ')}.`)
  return { kind: 'tables', names: tables, bounds }
}

async function run(message: RunMessage): Promise<FromChild> {
  // Paths relative to here mean the same to DuckDB whatever characters (`*`, `[`, `=`) the folders above have.
  process.chdir(message.folder)
  DuckDBTimestampTZValue.timezoneOffsetInMinutes = 0
  paths = new Set(message.tables.flatMap((table) => table.parts.flatMap((part) => part.paths)))
  try {
    await lockOnto(connection, message.tables)
  } catch (error) {
    throw notOfTheStatement(failureOf(error, settings.sql, paths))
  }
  const statement = await prepareSelect(connection, settings.sql, settings.parameters)
  if (message.sayProgress) sayProgress()
  const result = await statement.stream()
  stream = new RowStream(result, settings.maxRows, settings.maxResultBytes)
  return { kind: 'columns', columns: columnsOf(result) }
}

function columnsOf(result: DuckDBResult): { name: string; type: string }[] {
  return result.columnNames().map((name, index) => ({ name, type: result.columnType(index).toString() }))
}

function sayProgress(): void {
  setInterval(() => {
    const { percentage } = connection.progress
    if (percentage > 0) send({ kind: 'progress', share: Math.min(1, percentage / 100) })
  }, PROGRESS_MS).unref()
}

/** DuckDB's own limit does not count every buffer (a long `repeat`, for one), so the process watches itself. */
function watchMemory(maxBytes: number): void {
  setInterval(() => {
    const bytes = process.memoryUsage.rss()
    if (bytes <= maxBytes) return
    const message = `The statement took ${Math.round(bytes / 1024 / 1024)} MiB of memory.`
    const last: FromChild = { kind: 'failed', failure: { reason: 'memory', message, position: null, missing: null } }
    process.send?.(last, () => process.kill(process.pid, 'SIGKILL'))
  }, MEMORY_CHECK_MS).unref()
}

function send(message: FromChild): void {
  process.send?.(message)
}
