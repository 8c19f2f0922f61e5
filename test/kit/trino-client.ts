import type { TrinoAccess } from './trino.ts'

interface Answer {
  nextUri?: string
  data?: unknown[][]
  error?: { message: string }
}

/**
 * Runs one statement, also one that changes something, and returns its rows as JSON has them. Catalog `hive`, zone UTC. A
 * few lines that share nothing with the adapter.
 */
export async function onTrino(
  { url }: TrinoAccess,
  sql: string,
  catalog = 'hive',
  schema = 'default',
): Promise<unknown[][]> {
  const headers = {
    'X-Trino-User': 'test',
    'X-Trino-Catalog': catalog,
    'X-Trino-Schema': schema,
    'X-Trino-Time-Zone': 'UTC',
  }
  const rows: unknown[][] = []
  let answer = (await (await fetch(`${url}/v1/statement`, { method: 'POST', body: sql, headers })).json()) as Answer
  for (;;) {
    rows.push(...(answer.data ?? []))
    if (answer.error !== undefined) throw new Error(`${answer.error.message}\n${sql}`)
    if (answer.nextUri === undefined) return rows
    answer = (await (await fetch(answer.nextUri, { headers })).json()) as Answer
  }
}
