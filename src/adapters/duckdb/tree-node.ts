/** A node of the tree that `json_serialize_sql` makes. */
export type Node = Readonly<Record<string, unknown>>

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null
}
