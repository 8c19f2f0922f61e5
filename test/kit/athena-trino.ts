import { SqlFailure } from './athena-refusal.ts'
import type { SqlAnswer, SqlEngine, SqlStatement } from './athena-server.ts'
import { athenaText, athenaType, type TrinoType } from './athena-text.ts'

interface Answer {
  id: string
  nextUri?: string
  columns?: { name: string; typeSignature: TrinoType }[]
  data?: unknown[][]
  error?: { errorName: string; errorType: string; message: string }
  stats: { processedBytes?: number; physicalInputBytes?: number }
}

const headers = {
  'x-trino-user': 'athena',
  'x-trino-source': 'athena-server',
  'x-trino-time-zone': 'UTC',
  // otherwise times are told in thousandths
  'x-trino-client-capabilities': 'PARAMETRIC_DATETIME',
}

/** Runs Athena's statements on a real Trino, whose catalog `hive` is taken for Athena's. */
export function athenaOnTrino(trinoUrl: string): SqlEngine {
  const run = (statement: SqlStatement, signal: AbortSignal, scanned: (bytes: number) => void) =>
    runOnTrino(trinoUrl, statement, signal, scanned)
  return {
    async run(statement, signal, scanned) {
      const added = /^ALTER TABLE `(?<schema>\w+)`\.`(?<table>\w+)` ADD IF NOT EXISTS\n/.exec(statement.sql)?.groups
      if (added !== undefined) return await addPartitions(statement.sql, added, run)
      return await run(statement, signal, scanned)
    },
  }
}

type Run = (statement: SqlStatement, signal: AbortSignal, scanned: (bytes: number) => void) => Promise<SqlAnswer>

/** Hive's DDL as calls of Trino's procedure, one a partition. */
async function addPartitions(sql: string, { schema, table }: Record<string, string>, run: Run): Promise<SqlAnswer> {
  for (const [, columns, location] of sql.matchAll(/^ {2}PARTITION \((.+)\) LOCATION ('.+')$/gm)) {
    const parts = [...columns!.matchAll(/`(\w+)` = ('(?:[^']|'')*')/g)]
    const names = parts.map(([, name]) => `'${name}'`).join(', ')
    const values = parts.map(([, , value]) => value).join(', ')
    const call = `CALL system.register_partition('${schema}', '${table}', ARRAY[${names}], ARRAY[${values}], ${location})`
    try {
      const plain = { parameters: [], catalog: 'hive', database: 'default' }
      await run({ ...plain, sql: call }, new AbortController().signal, () => undefined)
    } catch (error) {
      if (!(error instanceof SqlFailure && error.message.includes('already'))) throw error
    }
  }
  return { columns: [], rows: [] }
}

async function runOnTrino(
  url: string,
  { sql, parameters, catalog, database }: SqlStatement,
  signal: AbortSignal,
  scanned: (bytes: number) => void,
): Promise<SqlAnswer> {
  const session = {
    'x-trino-catalog': /^awsdatacatalog$/i.test(catalog) ? 'hive' : catalog,
    'x-trino-schema': database,
  }
  // Beside the text here too: Trino's analyser binds the values to a statement that it was given by name.
  const prepared = parameters.length === 0 ? {} : { 'x-trino-prepared-statement': `q=${encodeURIComponent(sql)}` }
  let answer = await ask(`${url}/v1/statement`, {
    method: 'POST',
    body: parameters.length === 0 ? sql : `EXECUTE q USING ${parameters.join(', ')}`,
    headers: { ...headers, ...session, ...prepared },
  })
  const rows: (string | null)[][] = []
  let columns: Answer['columns']
  let largest = 0
  for (;;) {
    largest = Math.max(largest, answer.stats.physicalInputBytes ?? 0, answer.stats.processedBytes ?? 0)
    scanned(largest)
    if (answer.error !== undefined) throw failureOf(answer.error)
    columns ??= answer.columns
    for (const row of answer.data ?? []) {
      rows.push(row.map((value, index) => athenaText(value, columns![index]!.typeSignature)))
    }
    const { nextUri } = answer
    if (nextUri === undefined) break
    if (signal.aborted) {
      await fetch(nextUri, { method: 'DELETE', headers })
      signal.throwIfAborted()
    }
    answer = await ask(nextUri, { headers })
  }
  return {
    columns: (columns ?? []).map(({ name, typeSignature }) => ({ name, type: athenaType(typeSignature) })),
    rows,
  }
}

/** Numbers stay the text they are, as large ones are no JavaScript numbers. */
async function ask(url: string, init: RequestInit): Promise<Answer> {
  for (;;) {
    const response = await fetch(url, init)
    // Trino's protocol: ask again in a moment.
    if (response.status === 503) continue
    const text = await response.text()
    if (!response.ok) throw new Error(`Trino answers ${response.status}: ${text}`)
    const body = JSON.parse(text) as Answer
    if (body.data === undefined) return body
    const exact = JSON.parse(text, ((_key: string, value: unknown, context: { source: string }) =>
      typeof value === 'number' ? context.source : value) as (key: string, value: unknown) => unknown) as Answer
    return { ...body, ...(exact.data === undefined ? {} : { data: exact.data }) }
  }
}

function failureOf({ errorName, errorType, message }: NonNullable<Answer['error']>): SqlFailure {
  return new SqlFailure(`${errorName}: ${message}`, errorType === 'USER_ERROR' ? 2 : errorType === 'EXTERNAL' ? 3 : 1)
}
