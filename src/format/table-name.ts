/**
 * A topic's name as a table in a catalog that folds case and takes letters, digits and `_` (Hive's metastore, Glue):
 * `Orders.v2` -> `orders_v2`. Topics that differ in nothing else share a name; `coldstream ddl --table` gives another.
 */
export function tableName(topic: string): string {
  const name = topic.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')
  return /^[a-z]/.test(name) ? name : `t_${name}`
}

/** Whether SQL may name the topic, by its own name or as a table; a view of it counts, whose name begins with the table's. */
export function mayName(sql: string, topic: string): boolean {
  const text = sql.toLowerCase()
  return text.includes(topic.toLowerCase()) || text.includes(tableName(topic))
}
