import { appendAll } from '../../format/append-all.ts'
import type { BoundParameter, RowBounds } from '../../ports/query-engine.ts'
import { type BoundTerm, termsOf } from './bound-terms.ts'
import { isNode, type Node } from './tree-node.ts'

interface Reference {
  table: string
  /** What columns are qualified by. */
  alias: string
}

/**
 * What a statement can use of each table it names, from the conditions that every row has to meet: those joined by AND in
 * the WHERE of the SELECT that reads the table. A table that is read in a place where nothing is known of it has no
 * bounds; one that is read twice has the bounds of both.
 */
export function boundsOf(tree: unknown, parameters: readonly BoundParameter[]): Map<string, RowBounds> {
  const bounds = new Map<string, RowBounds>()
  const seen = new Set<unknown>()
  const waiting: unknown[] = [tree]
  const add = (table: string, of: RowBounds) => {
    const known = bounds.get(table)
    bounds.set(table, known === undefined ? of : either(known, of))
  }
  while (waiting.length > 0) {
    const node = waiting.pop()
    if (!isNode(node)) continue
    if (node.type === 'SELECT_NODE') {
      for (const [reference, terms] of referencesOf(node, parameters)) {
        add(reference.table, all(terms))
        seen.add(reference.node)
      }
    }
    // The SELECT around a table is met before the table is.
    if (node.type === 'BASE_TABLE' && typeof node.table_name === 'string' && !seen.has(node)) add(node.table_name, ANY)
    appendAll(waiting, Object.values(node))
  }
  return bounds
}

/** Tables that a SELECT reads by themselves or inner-joined, with the conditions on each. */
function referencesOf(
  select: Node,
  parameters: readonly BoundParameter[],
): [Reference & { node: Node }, BoundTerm[]][] {
  const references = joined(select.from_table)
  if (references === null) return []
  const only = references.length === 1
  const terms = termsOf(select.where_clause, parameters)
  return references.map((reference) => [
    reference,
    terms.filter(({ qualifier }) => (qualifier === null ? only : sameName(qualifier, reference.alias))),
  ])
}

/** The tables of a FROM that is nothing but tables, inner-joined; null where it is more. */
function joined(from: unknown): (Reference & { node: Node })[] | null {
  if (!isNode(from)) return null
  // A sample is taken before WHERE, and renamed columns are others.
  if (from.sample !== null && from.sample !== undefined) return null
  if (from.type === 'BASE_TABLE' && typeof from.table_name === 'string') {
    if (Array.isArray(from.column_name_alias) && from.column_name_alias.length > 0) return null
    const alias = typeof from.alias === 'string' && from.alias !== '' ? from.alias : from.table_name
    return [{ table: from.table_name, alias, node: from }]
  }
  if (from.type !== 'JOIN' || from.join_type !== 'INNER') return null
  if (from.ref_type !== 'REGULAR' && from.ref_type !== 'CROSS') return null
  const left = joined(from.left)
  const right = joined(from.right)
  return left === null || right === null ? null : [...left, ...right]
}

const ANY: RowBounds = {
  partitions: null,
  fromOffset: null,
  untilOffset: null,
  keys: null,
  time: { fromMicros: null, untilMicros: null },
}

/** Rows that meet every one of the terms. */
function all(terms: readonly BoundTerm[]): RowBounds {
  let bounds = ANY
  for (const term of terms) {
    if (term.column === 'record_partition') {
      const { partitions } = bounds
      const both = partitions === null ? term.values : partitions.filter((value) => term.values.includes(value))
      bounds = { ...bounds, partitions: both }
    } else if (term.column === 'record_key') {
      bounds = { ...bounds, keys: bounds.keys === null ? term.keys : common(bounds.keys, term.keys) }
    } else if (term.column === 'record_offset') {
      const fromOffset = larger(bounds.fromOffset, term.from)
      bounds = { ...bounds, fromOffset, untilOffset: smaller(bounds.untilOffset, term.until) }
    } else {
      const fromMicros = larger(bounds.time.fromMicros, term.from)
      bounds = { ...bounds, time: { fromMicros, untilMicros: smaller(bounds.time.untilMicros, term.until) } }
    }
  }
  return bounds
}

/** Rows within one of the two, and maybe some between them. */
function either(a: RowBounds, b: RowBounds): RowBounds {
  const lower = (x: bigint | null, y: bigint | null) => (x === null || y === null ? null : x < y ? x : y)
  const upper = (x: bigint | null, y: bigint | null) => (x === null || y === null ? null : x > y ? x : y)
  return {
    partitions:
      a.partitions === null || b.partitions === null ? null : [...new Set([...a.partitions, ...b.partitions])],
    fromOffset: lower(a.fromOffset, b.fromOffset),
    untilOffset: upper(a.untilOffset, b.untilOffset),
    keys: a.keys === null || b.keys === null ? null : [...a.keys, ...b.keys],
    time: {
      fromMicros: lower(a.time.fromMicros, b.time.fromMicros),
      untilMicros: upper(a.time.untilMicros, b.time.untilMicros),
    },
  }
}

function common(a: readonly Uint8Array[], b: readonly Uint8Array[]): Uint8Array[] {
  return a.filter((key) => b.some((other) => Buffer.compare(key, other) === 0))
}

const larger = (a: bigint | null, b: bigint | null) => (a === null || (b !== null && b > a) ? b : a)
const smaller = (a: bigint | null, b: bigint | null) => (a === null || (b !== null && b < a) ? b : a)

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
