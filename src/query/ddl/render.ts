import { athenaDdl } from './athena.ts'
import { duckdbDdl } from './duckdb.ts'
import { sparkDdl } from './spark.ts'
import type { TableShape } from './table-shape.ts'
import { trinoDdl } from './trino.ts'

export const DDL_ENGINES = ['athena', 'trino', 'duckdb', 'spark'] as const
export type DdlEngine = (typeof DDL_ENGINES)[number]

const RENDERERS: Readonly<Record<DdlEngine, (shape: TableShape) => string[]>> = {
  athena: athenaDdl,
  trino: trinoDdl,
  duckdb: duckdbDdl,
  spark: sparkDdl,
}

/** The statements that make a topic a table of the engine and its view, in their order, without `;`. */
export function renderDdl(engine: DdlEngine, shape: TableShape): string[] {
  return RENDERERS[engine](shape)
}

/** As a file that any client runs. */
export function ddlText(statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join('\n')
}
