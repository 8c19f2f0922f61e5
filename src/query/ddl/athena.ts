import { quoteLiteral } from '../../format/sql-quote.ts'
import { DDL_COLUMNS, indented } from './columns.ts'
import { projectionOf } from './projection.ts'
import type { PartitionColumn, TableShape } from './table-shape.ts'
import { trinoView } from './trino.ts'

/** Athena writes tables in Hive's DDL and views in Trino's SQL. */
export function athenaDdl(shape: TableShape): string[] {
  const { schema, table, partitions, location, discovery } = shape
  const name = `\`${schema}\`.\`${table}\``
  const create = `CREATE EXTERNAL TABLE IF NOT EXISTS ${name} (
${indented(DDL_COLUMNS.map((column) => `\`${column.name}\` ${column.hive}`))}
)
PARTITIONED BY (
${indented(partitions.map((column) => `\`${column.name}\` string`))}
)
STORED AS PARQUET
LOCATION ${quoteLiteral(`${location}/`)}`
  const view = trinoView(shape, `"${schema}"`)
  if (discovery === 'registered') return [create, `MSCK REPAIR TABLE ${name}`, view]
  return [`${create}\nTBLPROPERTIES (\n${indented(projectionProperties(partitions))}\n)`, view]
}

function projectionProperties(partitions: readonly PartitionColumn[]): string[] {
  const properties = partitions.flatMap((column): [string, string][] => {
    const projection = projectionOf(column)
    const of = (property: string): string => `projection.${column.name}.${property}`
    const common: [string, string][] = [
      [of('type'), projection.type],
      [of('range'), `${projection.from},${projection.to}`],
    ]
    if (projection.type === 'integer') return [...common, [of('digits'), String(projection.digits)]]
    return [...common, [of('format'), projection.format]]
  })
  return [['projection.enabled', 'true'], ...properties].map(
    ([name, value]) => `${quoteLiteral(name!)} = ${quoteLiteral(value!)}`,
  )
}
