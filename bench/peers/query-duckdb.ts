/**
 * DuckDB as one would use it by hand: a view over a glob of the archive's folder, one statement, its rows. Takes a job as
 * JSON: `{glob, sql, parameters, threads}`; prints how many rows there were.
 */
import { DuckDBInstance } from '@duckdb/node-api'
import { TRINO_MACROS } from '../../src/adapters/duckdb/macros.ts'
import { prepareSelect } from '../../src/adapters/duckdb/statement.ts'
import { quoteLiteral } from '../../src/format/sql-quote.ts'
import type { BoundParameter } from '../../src/ports/query-engine.ts'

interface Job {
  glob: string
  sql: string
  /** As the port has them; bigints as `{"bigint": text}`. */
  parameters: BoundParameter[]
  threads: number
}

const job: Job = JSON.parse(process.argv[2]!, (_, value) =>
  typeof value === 'object' && value !== null && 'bigint' in value ? BigInt(value.bigint) : value,
)
const instance = await DuckDBInstance.create(':memory:', { threads: String(job.threads) })
const connection = await instance.connect()
await connection.run("SET TimeZone = 'UTC'")
for (const macro of TRINO_MACROS) await connection.run(`CREATE MACRO ${macro}`)
await connection.run(
  `CREATE VIEW orders AS SELECT * FROM read_parquet(${quoteLiteral(job.glob)}, hive_partitioning = true, hive_types_autocast = false)`,
)
const result = await (await prepareSelect(connection, job.sql, job.parameters)).stream()
let rows = 0
for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
  rows += chunk.getRows().length
}
console.log(rows)
