/**
 * The child process in which a statement runs. It is born for one statement, maybe before that is known, and dies with it: memory that DuckDB takes
 * beyond its own limit, an endless join, a crash cost this process, never the service.
 */
import { DuckDBTimestampTZValue } from '@duckdb/node-api'
import type { DatabaseSettings, FromChild, ToChild } from './protocol.ts'
import { StatementRunner } from './statement-runner.ts'

const MEMORY_CHECK_MS = 50
const PROGRESS_MS = 200
/** What Node, DuckDB's code and a batch on its way take beside DuckDB's buffers. */
const BASE_MEMORY_BYTES = 256 * 1024 * 1024

const runner = new StatementRunner(JSON.parse(process.argv[2]!) as DatabaseSettings)

process.on('message', (message: ToChild) => {
  if (message.kind === 'open') watchMemory(message.maxMemoryBytes + BASE_MEMORY_BYTES)
  if (message.kind === 'run') {
    // Paths relative to here mean the same to DuckDB whatever characters (`*`, `[`, `=`) the folders above have.
    process.chdir(message.folder)
    DuckDBTimestampTZValue.timezoneOffsetInMinutes = 0
    if (message.sayProgress) sayProgress()
  }
  void runner.answer(message).then(send)
})
// The service is gone: nobody waits for the answer.
process.on('disconnect', () => process.exit(0))

function sayProgress(): void {
  setInterval(() => {
    const share = runner.progress
    if (share !== null) send({ kind: 'progress', share })
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
