import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  DuckDBTimestampTZValue,
  VARCHAR,
} from '@duckdb/node-api'
import type { BoundParameter } from '../../ports/query-engine.ts'
import { forbidden, parseFailure, StatementFailure } from './failure.ts'
import { type ParsedStatement, readStatementTree } from './parsed-statement.ts'

const TYPES = { string: VARCHAR, integer: BIGINT, double: DOUBLE, boolean: BOOLEAN } as const

/** Has DuckDB's own parser read the text, and lets pass nothing but one statement that selects. */
export async function parseSelect(
  connection: DuckDBConnection,
  sql: string,
  parameters: readonly BoundParameter[],
): Promise<ParsedStatement> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($sql::VARCHAR)', { sql })
  const tree = JSON.parse(String(reader.getRows()[0]?.[0])) as SerializedSql
  if (tree.error) {
    if (tree.error_type === 'not implemented') {
      throw forbidden(`Only a SELECT can be run. (${tree.error_message})`)
    }
    throw parseFailure(tree.error_message, tree.position, sql)
  }
  if (tree.statements.length !== 1) {
    const found = tree.statements.length === 0 ? 'The text holds no statement.' : 'The text holds several statements.'
    throw forbidden(`${found} Exactly one SELECT can be run.`)
  }
  return readStatementTree(tree.statements[0], parameters)
}

/** Prepares the statement with its parameters bound by name and type. */
export async function prepareSelect(
  connection: DuckDBConnection,
  sql: string,
  parameters: readonly BoundParameter[],
): Promise<DuckDBPreparedStatement> {
  const statement = await connection.prepare(sql)
  for (let index = 1; index <= statement.parameterCount; index++) {
    const name = statement.parameterName(index)
    const parameter = parameters.find((candidate) => candidate.name === name)
    if (parameter === undefined) {
      const message = `The statement has a parameter $${name} for which there is no value.`
      throw new StatementFailure({ reason: 'sql', message, position: null, missing: null })
    }
    bind(statement, index, parameter)
  }
  return statement
}

function bind(statement: DuckDBPreparedStatement, index: number, parameter: BoundParameter): void {
  if (parameter.type === 'timestamp') {
    statement.bindTimestampTZ(index, new DuckDBTimestampTZValue(parameter.value))
  } else {
    statement.bindValue(index, parameter.value, TYPES[parameter.type])
  }
}

type SerializedSql =
  | { error: true; error_type: string; error_message: string; position?: string }
  | { error: false; statements: unknown[] }
