import { appendAll } from '../../format/append-all.ts'
import type { BoundParameter, RowBounds } from '../../ports/query-engine.ts'
import { boundsOf } from './row-bounds.ts'
import { isNode, type Node } from './tree-node.ts'

/** What DuckDB's parser says of a statement's text (`json_serialize_sql`): the only judge of what it is. */
export interface ParsedStatement {
  /** Tables it names, in any subquery; names of its own CTEs among them. Sorted, unique. */
  tables: string[]
  /** What the statement can use of a table at most, by the name it is given. */
  bounds: Map<string, RowBounds>
  /** Tables it names in another schema or database than the topics', as written: `information_schema.tables`. */
  foreignTables: string[]
  /** Table functions it calls, lower case. Sorted, unique. */
  tableFunctions: string[]
  /** Other functions it calls, lower case. Sorted, unique. */
  functions: string[]
}

/**
 * Reads the tree that `json_serialize_sql` made. Nodes are told by their `type`; the tree's other shapes do not matter,
 * so the walk stays right when DuckDB adds kinds of expressions.
 */
export function readStatementTree(tree: unknown, parameters: readonly BoundParameter[]): ParsedStatement {
  const tables = new Set<string>()
  const foreignTables = new Set<string>()
  const tableFunctions = new Set<string>()
  const functions = new Set<string>()
  const waiting: unknown[] = [tree]
  while (waiting.length > 0) {
    const node = waiting.pop()
    if (!isNode(node)) continue
    if (node.type === 'BASE_TABLE' && typeof node.table_name === 'string') {
      if (isForeign(node))
        foreignTables.add([node.catalog_name, node.schema_name, node.table_name].filter(Boolean).join('.'))
      else tables.add(node.table_name)
    }
    if (node.type === 'TABLE_FUNCTION') tableFunctions.add(functionName(node.function))
    else if (typeof node.function_name === 'string') functions.add(node.function_name.toLowerCase())
    appendAll(waiting, Object.values(node))
  }
  return {
    tables: [...tables].sort(),
    foreignTables: [...foreignTables].sort(),
    bounds: boundsOf(tree, parameters),
    tableFunctions: [...tableFunctions].sort(),
    functions: [...functions].sort(),
  }
}

/** Topics are views of `memory.main`. */
function isForeign({ catalog_name: catalog, schema_name: schema }: Node): boolean {
  const isOwn = (name: unknown, own: string) => name === '' || String(name).toLowerCase() === own
  return !isOwn(catalog, 'memory') || !isOwn(schema, 'main')
}

function functionName(call: unknown): string {
  const name = typeof call === 'object' && call !== null ? (call as Record<string, unknown>).function_name : undefined
  return typeof name === 'string' ? name.toLowerCase() : '(unnamed)'
}
