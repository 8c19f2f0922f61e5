import type { BoundParameter } from '../../ports/query-engine.ts'
import { isNode, type Node } from './tree-node.ts'

/** `record_key`, or what makes it text: `from_utf8(record_key)`. */
export interface KeyPlace {
  qualifier: string | null
  isText: boolean
}

/** The place of a record's key in a comparison; null where the node is something else. */
export function keyPlaceOf(node: unknown): KeyPlace | null {
  if (!isNode(node)) return null
  if (node.type === 'FUNCTION') {
    const inner = callOf(node, ['from_utf8'])
    const place = inner === null ? null : keyPlaceOf(inner)
    return place === null || place.isText ? null : { ...place, isText: true }
  }
  if (node.type !== 'COLUMN_REF' || !Array.isArray(node.column_names)) return null
  const names = node.column_names.map(String)
  if (names.length > 2 || names.at(-1)?.toLowerCase() !== 'record_key') return null
  return { qualifier: names.length === 2 ? names[0]! : null, isText: false }
}

/** The one key that equals what stands at the other side; null where that is not known, or might be several. */
export function knownKey({ isText }: KeyPlace, node: unknown, parameters: readonly BoundParameter[]): Buffer | null {
  if (isText) {
    const text = textOf(node, parameters)
    // DuckDB reads bytes that are no UTF-8 as `?`
    return text === null || text.includes('?') ? null : Buffer.from(text)
  }
  const encoded = callOf(node, ['to_utf8', 'encode'])
  if (encoded !== null) {
    const text = textOf(encoded, parameters)
    return text === null ? null : Buffer.from(text)
  }
  const plain = castToBytes(node) ?? node
  const text = textOf(plain, parameters)
  // as bytes, a text may hold escapes
  return text !== null && /^[ -[\]-~]*$/.test(text) ? Buffer.from(text) : null
}

/** The only argument of a call of one of these functions. */
function callOf(node: unknown, names: readonly string[]): unknown {
  if (!isNode(node) || node.type !== 'FUNCTION' || !names.includes(String(node.function_name).toLowerCase()))
    return null
  return Array.isArray(node.children) && node.children.length === 1 ? node.children[0] : null
}

function castToBytes(node: unknown): Node | null {
  if (!isNode(node) || node.type !== 'OPERATOR_CAST' || !isNode(node.cast_type)) return null
  return node.cast_type.id === 'BLOB' && isNode(node.child) ? node.child : null
}

function textOf(node: unknown, parameters: readonly BoundParameter[]): string | null {
  if (!isNode(node)) return null
  if (node.type === 'VALUE_PARAMETER') {
    const parameter = parameters.find(({ name }) => name === node.identifier)
    return parameter?.type === 'string' ? parameter.value : null
  }
  if (node.type !== 'VALUE_CONSTANT' || !isNode(node.value) || !isNode(node.value.type)) return null
  const { type, value } = node.value
  return isNode(type) && type.id === 'VARCHAR' && typeof value === 'string' ? value : null
}
