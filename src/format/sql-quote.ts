/** A name as an SQL identifier: double quotes, those inside doubled (SQL-92; the same in DuckDB, Trino and Athena's SELECT). */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as an SQL string literal. Only for what cannot be bound: settings and file lists in views. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
