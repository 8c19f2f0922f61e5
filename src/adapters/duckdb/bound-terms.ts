import { parseIsoTimestamp } from '../../format/iso-timestamp.ts'
import type { BoundParameter } from '../../ports/query-engine.ts'
import { keyPlaceOf, knownKey } from './key-terms.ts'
import { isNode, type Node } from './tree-node.ts'

/** A condition that is certain to hold for each row that counts. `qualifier`: what stands before the column's name. */
export type BoundTerm = { qualifier: string | null } & (
  | { column: 'record_key'; keys: readonly Uint8Array[] }
  | { column: 'record_partition'; values: readonly number[] }
  /** Of `[from, until)`; times in microseconds. */
  | { column: 'record_offset' | 'record_timestamp'; from: bigint | null; until: bigint | null }
)

type Place = { qualifier: string | null; column: Exclude<BoundTerm['column'], 'record_key'> }

/** The conditions on partition, offset, time and key in a WHERE, as far as they compare the column itself with a known value. */
export function termsOf(where: unknown, parameters: readonly BoundParameter[]): BoundTerm[] {
  if (!isNode(where)) return []
  const value = (column: Place['column'], node: unknown) => knownValue(column, node, parameters)
  switch (where.type) {
    case 'CONJUNCTION_AND':
      return Array.isArray(where.children) ? where.children.flatMap((child) => termsOf(child, parameters)) : []
    case 'COMPARE_BETWEEN': {
      const place = placeOf(where.input)
      if (place === null) return []
      const lower = value(place.column, where.lower)
      const upper = value(place.column, where.upper)
      return [
        ...(lower === null ? [] : term(place, 'COMPARE_GREATERTHANOREQUALTO', lower)),
        ...(upper === null ? [] : term(place, 'COMPARE_LESSTHANOREQUALTO', upper)),
      ]
    }
    case 'COMPARE_IN': {
      const [tested, ...items] = Array.isArray(where.children) ? where.children : []
      const place = placeOf(tested)
      if (place === null) return keyTerms(tested, items, parameters)
      const values = items.map((item) => value(place.column, item))
      return values.includes(null) || values.length === 0 ? [] : among(place, values as bigint[])
    }
    case 'COMPARE_EQUAL': {
      const found = comparison(where, where.type, value)
      if (found.length > 0) return found
      const left = keyTerms(where.left, [where.right], parameters)
      return left.length > 0 ? left : keyTerms(where.right, [where.left], parameters)
    }
    default:
      return typeof where.type === 'string' ? comparison(where, where.type, value) : []
  }
}

/** That the key is one of these; nothing where one of them is not known. */
function keyTerms(tested: unknown, items: readonly unknown[], parameters: readonly BoundParameter[]): BoundTerm[] {
  const place = keyPlaceOf(tested)
  if (place === null || items.length === 0) return []
  const keys = items.map((item) => knownKey(place, item, parameters))
  if (keys.includes(null)) return []
  return [{ qualifier: place.qualifier, column: 'record_key', keys: keys as Buffer[] }]
}

const MIRRORED: Readonly<Record<string, string>> = {
  COMPARE_EQUAL: 'COMPARE_EQUAL',
  COMPARE_LESSTHAN: 'COMPARE_GREATERTHAN',
  COMPARE_GREATERTHAN: 'COMPARE_LESSTHAN',
  COMPARE_LESSTHANOREQUALTO: 'COMPARE_GREATERTHANOREQUALTO',
  COMPARE_GREATERTHANOREQUALTO: 'COMPARE_LESSTHANOREQUALTO',
}

function comparison(
  node: Node,
  type: string,
  value: (column: Place['column'], node: unknown) => bigint | null,
): BoundTerm[] {
  const mirrored = MIRRORED[type]
  if (mirrored === undefined) return []
  const left = placeOf(node.left)
  if (left !== null) {
    const right = value(left.column, node.right)
    return right === null ? [] : term(left, type, right)
  }
  const right = placeOf(node.right)
  if (right === null) return []
  const given = value(right.column, node.left)
  return given === null ? [] : term(right, mirrored, given)
}

function term(place: Place, type: string, value: bigint): BoundTerm[] {
  if (type === 'COMPARE_EQUAL') return among(place, [value])
  if (place.column === 'record_partition') return []
  const { qualifier, column } = place
  switch (type) {
    case 'COMPARE_LESSTHAN':
      return [{ qualifier, column, from: null, until: value }]
    case 'COMPARE_LESSTHANOREQUALTO':
      return [{ qualifier, column, from: null, until: value + 1n }]
    case 'COMPARE_GREATERTHAN':
      return [{ qualifier, column, from: value + 1n, until: null }]
    default:
      return [{ qualifier, column, from: value, until: null }]
  }
}

function among({ qualifier, column }: Place, values: readonly bigint[]): BoundTerm[] {
  if (column === 'record_partition') return [{ qualifier, column, values: values.map(Number) }]
  const sorted = [...values].sort((a, b) => (a < b ? -1 : 1))
  return [{ qualifier, column, from: sorted[0]!, until: sorted.at(-1)! + 1n }]
}

function placeOf(node: unknown): Place | null {
  if (!isNode(node) || node.type !== 'COLUMN_REF' || !Array.isArray(node.column_names)) return null
  const names = node.column_names.map(String)
  const column = names.at(-1)?.toLowerCase()
  if (names.length > 2) return null
  if (column !== 'record_partition' && column !== 'record_offset' && column !== 'record_timestamp') return null
  return { qualifier: names.length === 2 ? names[0]! : null, column }
}

/** What a literal or parameter is to a column; null where it is none, or compared by rules that are not the column's own. */
function knownValue(column: Place['column'], node: unknown, parameters: readonly BoundParameter[]): bigint | null {
  if (!isNode(node)) return null
  const isTime = column === 'record_timestamp'
  if (node.type === 'VALUE_PARAMETER') {
    const parameter = parameters.find(({ name }) => name === node.identifier)
    if (isTime) return parameter?.type === 'timestamp' ? parameter.value : null
    return parameter?.type === 'integer' ? parameter.value : null
  }
  if (isTime) return timeOf(node)
  const literal = literalOf(node)
  if (literal === null || !/^(TINYINT|SMALLINT|INTEGER|BIGINT)$/.test(literal.type)) return null
  return typeof literal.value === 'number' && Number.isSafeInteger(literal.value) ? BigInt(literal.value) : null
}

/** `TIMESTAMP '…'`, `DATE '…'`, `'…'` or `from_iso8601_timestamp('…')`; the session's zone is UTC. */
function timeOf(node: Node): bigint | null {
  if (node.type === 'FUNCTION') {
    const [text, ...more] = Array.isArray(node.children) ? node.children : []
    const isIso = node.function_name === 'from_iso8601_timestamp' && more.length === 0
    return isIso ? textTime(text) : null
  }
  if (node.type !== 'OPERATOR_CAST') return textTime(node)
  const type = isNode(node.cast_type) ? node.cast_type.id : null
  if (type === 'TIMESTAMP' || type === 'TIMESTAMP WITH TIME ZONE') return textTime(node.child)
  return type === 'DATE' ? textTime(node.child, /^\d{4}-\d{2}-\d{2}$/) : null
}

function textTime(node: unknown, form = /^/): bigint | null {
  const literal = isNode(node) ? literalOf(node) : null
  if (literal?.type !== 'VARCHAR' || typeof literal.value !== 'string' || !form.test(literal.value)) return null
  return parseIsoTimestamp(literal.value)
}

function literalOf(node: Node): { type: string; value: unknown } | null {
  if (node.type !== 'VALUE_CONSTANT' || !isNode(node.value) || node.value.is_null === true) return null
  const { type, value } = node.value
  return isNode(type) && typeof type.id === 'string' ? { type: type.id, value } : null
}
