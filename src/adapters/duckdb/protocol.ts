import type { ArchiveTable, BoundParameter, QueryColumn, QueryValue, RowBounds } from '../../ports/query-engine.ts'

/** What a child is born with: its database is open before it is told its statement. */
export interface DatabaseSettings {
  threads: number
  /** Where DuckDB may spill what does not fit into memory. */
  spillFolder: string
  maxSpillBytes: number
}

/**
 * What the engine and its child tell each other, by structured clone. The engine says `open`, the child answers with
 * the tables the statement names; `run`, answered by the columns; then each `next` is answered by `rows` or `end`.
 * At any time the child may answer `failed` instead, and is done; it says `progress` between answers, if that was asked for.
 */
export type ToChild = OpenMessage | RunMessage | { kind: 'next' }

export type FromChild =
  | { kind: 'tables'; names: string[]; bounds: ReadonlyMap<string, RowBounds> }
  | { kind: 'columns'; columns: QueryColumn[] }
  | { kind: 'rows'; rows: QueryValue[][] }
  | { kind: 'end'; truncated: boolean }
  | { kind: 'failed'; failure: Failure }
  /** 0 to 1. */
  | { kind: 'progress'; share: number }

export interface OpenMessage {
  kind: 'open'
  sql: string
  parameters: readonly BoundParameter[]
  maxMemoryBytes: number
  maxRows: number
  maxResultBytes: number
}

export interface RunMessage {
  kind: 'run'
  /** The child's working folder from then on: paths of files are relative to it. */
  folder: string
  tables: readonly ArchiveTable[]
  sayProgress: boolean
}

/** Why a statement did not run, in plain data that survives the way to the engine. */
export interface Failure {
  reason: 'sql' | 'forbidden' | 'memory' | 'unreadable' | 'internal'
  message: string
  /** Place in the statement, both from 1; null when DuckDB names none. */
  position: { line: number; column: number } | null
  /** What a name did not match. */
  missing: { kind: 'table' | 'column'; name: string } | null
}
