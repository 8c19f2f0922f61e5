import { InvalidInputError } from '../errors.ts'
import type { QueryColumn, QueryResult, QueryValue } from '../ports/query-engine.ts'
import { jsonRow, uniqueNames } from '../query/output/json.ts'
import { type StreamFormat, writeResult } from '../query/output/result-format.ts'
import { textCell } from '../query/output/text.ts'
import { type Column, type Output, renderTable } from './output.ts'

export const QUERY_FORMATS = ['table', 'vertical', 'json', 'ndjson', 'csv', 'parquet', 'arrow'] as const
export type QueryFormat = (typeof QUERY_FORMATS)[number]

/** Throws InvalidInputError `query-usage` where a format of bytes would go to a terminal, which takes some of them for commands. */
export function checkReadable({ isTerminal }: Output, format: QueryFormat): void {
  if (!isTerminal || (format !== 'parquet' && format !== 'arrow')) return
  throw new InvalidInputError('query-usage', `--format ${format} is bytes, and the output is a terminal.`, {
    remedy: `Send it into a file (> result.${format}) or a program, or take another format.`,
  })
}

/** Writes a result as its rows come; a table when all of them are there. */
export async function writeQueryResult(output: Output, result: QueryResult, format: QueryFormat): Promise<void> {
  switch (format) {
    case 'table':
      return await writeTable(output, result)
    case 'vertical':
      return await writeVertical(output, result)
    case 'json':
      return await writeJson(output, result)
    default:
      return await writeStream(output, result, format)
  }
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

/** A line a value, as `\G` of other clients does: for rows that are wider than the terminal. */
async function writeVertical(output: Output, result: QueryResult): Promise<void> {
  const width = Math.max(0, ...result.columns.map(({ name }) => name.length))
  let count = 0
  for await (const rows of result.rows) {
    for (const row of rows) {
      output.line(`-[ row ${++count} ]${'-'.repeat(Math.max(1, width - String(count).length))}`)
      for (const [index, value] of row.entries()) {
        output.line(`${nameOf(result.columns[index]!).padEnd(width)}  ${textCell(value)}`)
      }
    }
  }
}

const nameOf = ({ name }: QueryColumn): string => textCell(name)

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

async function writeStream(output: Output, result: QueryResult, format: StreamFormat): Promise<void> {
  for await (const piece of writeResult(format, result.columns, result.rows)) output.raw(piece)
}
