import type { BoundParameter, RowBounds } from '../../ports/query-engine.ts'
import { boundsOf } from './row-bounds.ts'

/** What DuckDB's parser says of a statement's text (`json_serialize_sql`): the only judge of what it is. */
export interface ParsedStatement {
  /** Tables it names, in any subquery; names of its own CTEs among them. Sorted, unique. */
  tables: string[]
  /** What the statement can use of a table at most, by the name it is given. */
  bounds: Map<string, RowBounds>
  /** Table functions it calls, lower case. Sorted, unique. */
  tableFunctions: string[]
}

/**
 * Reads the tree that `json_serialize_sql` made. Nodes are told by their `type`; the tree's other shapes do not matter,
 * so the walk stays right when DuckDB adds kinds of expressions.
 */
export function readStatementTree(tree: unknown, parameters: readonly BoundParameter[]): ParsedStatement {
  const tables = new Set<string>()
  const tableFunctions = new Set<string>()
  const waiting: unknown[] = [tree]
  while (waiting.length > 0) {
    const node = waiting.pop()
    if (typeof node !== 'object' || node === null) continue
    const { type, table_name: table, function: call } = node as Record<string, unknown>
    if (type === 'BASE_TABLE' && typeof table === 'string') tables.add(table)
    if (type === 'TABLE_FUNCTION') tableFunctions.add(functionName(call))
    waiting.push(...Object.values(node))
  }
  return { tables: [...tables].sort(), bounds: boundsOf(tree, parameters), tableFunctions: [...tableFunctions].sort() }
}

function functionName(call: unknown): string {
  const name = typeof call === 'object' && call !== null ? (call as Record<string, unknown>).function_name : undefined
  return typeof name === 'string' ? name.toLowerCase() : '(unnamed)'
}
