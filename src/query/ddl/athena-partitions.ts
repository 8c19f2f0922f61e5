import type { CommittedSegment } from '../../format/segment.ts'
import { quoteLiteral } from '../../format/sql-quote.ts'
import { partitionValuesOf } from '../partition-columns.ts'
import type { TableShape } from './table-shape.ts'

/** Partitions of one statement: Glue takes a hundred at a time. */
const BATCH = 100

/** Statements that tell Athena of the partitions in which these segments lie; those that it knows already stay as they are. */
export function addPartitions(
  { schema, table }: Pick<TableShape, 'schema' | 'table'>,
  segments: readonly Pick<CommittedSegment, 'path'>[],
  storeUrl: string,
): string[] {
  const folders = new Map(segments.map(({ path }) => [path.slice(0, path.lastIndexOf('/')), path]))
  const partitions = [...folders]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([folder, path]) => partition(path, `${storeUrl.replace(/\/$/, '')}/${folder}/`))
  const statements: string[] = []
  for (let start = 0; start < partitions.length; start += BATCH) {
    const batch = partitions.slice(start, start + BATCH)
    statements.push(`ALTER TABLE \`${schema}\`.\`${table}\` ADD IF NOT EXISTS\n${batch.join('\n')}`)
  }
  return statements
}

function partition(path: string, location: string): string {
  const { columns, values } = partitionValuesOf(path)
  const named = columns.map((name, index) => `\`${name.toLowerCase()}\` = ${quoteLiteral(values[index]!)}`)
  return `  PARTITION (${named.join(', ')}) LOCATION ${quoteLiteral(location)}`
}
