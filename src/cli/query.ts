import { text as readAll } from 'node:stream/consumers'
import type { QueryResult, QueryValue } from '../ports/query-engine.ts'
import { oneStatement } from '../query/one-statement.ts'
import { csvLine } from '../query/output/csv.ts'
import { jsonRow, uniqueNames } from '../query/output/json.ts'
import { textCell } from '../query/output/text.ts'
import type { QueryRequest } from '../query/query-service.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { type Column, formatBytes, formatCount, type Output, renderTable } from './output.ts'

export interface QueryCommandOptions {
  template?: string
  param: Record<string, string>
  format: 'table' | 'json' | 'csv'
  limit?: number
}

/** Rows that a table shows when no limit was asked for: more would not be read, and would have to be held. */
const tableRows = 1_000

/** `coldstream query [SQL | --template NAME]`. */
export async function queryCommand(
  context: CommandContext,
  sql: string | undefined,
  options: QueryCommandOptions,
): Promise<ExitCode> {
  const { output, signal } = context
  const format = output.json ? 'json' : options.format
  const maxRows = options.limit ?? (format === 'table' ? tableRows : undefined)
  const request: QueryRequest = {
    ...(await statement(sql, options)),
    parameters: options.param,
    limits: maxRows === undefined ? {} : { maxRows },
  }
  const result = await (await context.services()).queries.run(request, signal)
  if (format === 'csv') await writeCsv(output, result)
  else if (format === 'json') await writeJson(output, result)
  else await writeTable(output, result)
  const { rows, truncated, files, bytes, elapsedMs } = result.statistics()
  if (truncated) output.note(`cut after ${formatCount(rows)} rows: raise --limit, or narrow the statement`)
  output.note(
    `${formatCount(rows)} rows from ${formatCount(files)} files (${formatBytes(bytes)}) in ${(elapsedMs / 1000).toFixed(2)} s`,
  )
  return 0
}

async function statement(
  sql: string | undefined,
  { template }: QueryCommandOptions,
): Promise<{ sql: string } | { template: string }> {
  return oneStatement({ sql: sql === '-' ? await readAll(process.stdin) : sql, template })
}

async function writeTable(output: Output, result: QueryResult): Promise<void> {
  const cells: string[][] = []
  const columns: Column[] = result.columns.map(({ name }) => ({ name, align: 'right' }))
  for await (const rows of result.rows) {
    for (const row of rows) {
      // a column of numbers reads best to the right, any other to the left
      for (const [index, value] of row.entries()) if (!isNumber(value)) columns[index]!.align = 'left'
      cells.push(row.map(textCell))
    }
  }
  output.line(renderTable(columns, cells))
}

const isNumber = (value: QueryValue): boolean =>
  value === null || typeof value === 'number' || typeof value === 'bigint'

async function writeCsv(output: Output, result: QueryResult): Promise<void> {
  output.raw(csvLine(result.columns.map((column) => column.name)))
  for await (const rows of result.rows) output.raw(rows.map(csvLine).join(''))
}

/** An array that is written as it comes: a row a line. */
async function writeJson(output: Output, result: QueryResult): Promise<void> {
  const names = uniqueNames(result.columns)
  let separator = '[\n'
  for await (const rows of result.rows) {
    for (const row of rows) {
      output.raw(separator + JSON.stringify(jsonRow(names, row)))
      separator = ',\n'
    }
  }
  output.raw(separator === '[\n' ? '[]\n' : '\n]\n')
}
