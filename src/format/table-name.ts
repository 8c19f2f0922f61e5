/**
 * A topic's name as a table in a catalog that folds case and takes letters, digits and `_` (Hive's metastore, Glue):
 * `Orders.v2` -> `orders_v2`. Topics that differ in nothing else share a name; `coldstream ddl --table` gives another.
 */
export function tableName(topic: string): string {
  const name = topic.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')
  return /^[a-z]/.test(name) ? name : `t_${name}`
}
