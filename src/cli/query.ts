import { text as readAll } from 'node:stream/consumers'
import type { QueryStatistics } from '../ports/query-engine.ts'
import { oneStatement } from '../query/one-statement.ts'
import type { QueryRequest, StartedQuery } from '../query/query-service.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { formatBytes, formatCount, formatUsd, number, type Output, renderTable, text, toJson } from './output.ts'
import { createProgress } from './progress.ts'
import { checkReadable, type QueryFormat, writeQueryResult } from './query-output.ts'

export interface QueryCommandOptions {
  template?: string
  param: Record<string, string>
  format: QueryFormat
  limit?: number
  engine?: string
  estimate?: boolean
  freshness?: 'archive' | 'live'
}

/** Rows that a table shows when no limit was asked for: more would not be read, and would have to be held. */
const tableRows = 1_000

/** `coldstream query [SQL | --template NAME]`. */
export async function queryCommand(
  context: CommandContext,
  given: string | undefined,
  options: QueryCommandOptions,
): Promise<ExitCode> {
  const { output, signal } = context
  const { sql, isVertical } = await readStatement(given)
  const format = output.json ? 'json' : isVertical ? 'vertical' : options.format
  const maxRows = options.limit ?? (format === 'table' || format === 'vertical' ? tableRows : undefined)
  const request: QueryRequest = {
    ...oneStatement({ sql, template: options.template }),
    parameters: options.param,
    limits: maxRows === undefined ? {} : { maxRows },
    ...(options.engine !== undefined && { engine: options.engine }),
  }
  const { queries } = await context.services()
  if (options.estimate) {
    sayEstimate(output, await queries.estimate(request, signal))
    return 0
  }
  checkReadable(output, format)
  const progress = createProgress(output, 'query', '%')
  // Once rows come, they show how far it is.
  let isStarting = true
  const onProgress = (share: number) => {
    if (isStarting) progress.update(Math.round(share * 100), 100)
  }
  const result = await queries.run({ ...request, onProgress }, signal).finally(() => {
    isStarting = false
    progress.stop()
  })
  if (options.freshness === 'live') await sayFreshness(output, result)
  await writeQueryResult(output, result, format)
  sayStatistics(output, result.statistics())
  await result.ended
  return 0
}

/** An engine that counts what it scans does not say of which files. */
function sayStatistics(output: Output, statistics: QueryStatistics): void {
  const { rows, truncated, files, bytes, elapsedMs, scannedBytes, costUsd } = statistics
  if (truncated) output.note(`cut after ${formatCount(rows)} rows: raise --limit, or narrow the statement`)
  const read =
    scannedBytes === undefined
      ? ` from ${formatCount(files)} files (${formatBytes(bytes)})`
      : `, ${formatBytes(scannedBytes)} scanned${costUsd === undefined ? '' : ` for ${formatUsd(costUsd)}`},`
  output.note(`${formatCount(rows)} rows${read} in ${(elapsedMs / 1000).toFixed(2)} s`)
}

/** `-` is standard input; `\G` behind the statement asks for a line a value. */
async function readStatement(given: string | undefined): Promise<{ sql: string | undefined; isVertical: boolean }> {
  const written = given === '-' ? await readAll(process.stdin) : given
  const sql = written?.replace(/\\G[;\s]*$/, '')
  return { sql, isVertical: sql !== written }
}

function sayEstimate(
  output: Output,
  estimate: { engine: string; files: number; bytes: number; costUsd?: number },
): void {
  if (output.json) {
    output.line(toJson(estimate))
    return
  }
  const { engine, files, bytes, costUsd } = estimate
  const cost = costUsd === undefined ? '' : `, ${formatUsd(costUsd)}`
  output.line(`${engine} would read at most ${formatCount(files)} files, ${formatBytes(bytes)}${cost}`)
}

async function sayFreshness(output: Output, result: StartedQuery): Promise<void> {
  let partitions: Awaited<ReturnType<StartedQuery['freshness']>>
  try {
    partitions = await result.freshness()
  } catch (error) {
    await result.rows.return?.()
    throw error
  }
  const columns = [text('topic'), number('partition'), number('archived until'), number('behind'), number('seconds')]
  const rows = partitions.map(({ topic, partition, archivedUntil, behindOffsets, behindSeconds }) => [
    topic,
    String(partition),
    formatCount(archivedUntil),
    behindOffsets === null ? 'not at the broker' : formatCount(behindOffsets),
    behindSeconds === null ? '' : behindSeconds.toFixed(0),
  ])
  output.note(renderTable(columns, rows))
}
