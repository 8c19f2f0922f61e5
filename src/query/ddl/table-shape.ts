import { InvalidInputError } from '../../errors.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import { tableName } from '../../format/table-name.ts'
import { partitionValuesOf } from '../partition-columns.ts'
import { FIELD_PATH } from '../template/values.ts'

/** A topic's files as a table: all that the renderers of all engines need to know. */
export interface TableShape {
  topic: string
  /** Of the table; the view of it is called `<table>_decoded`. */
  table: string
  schema: string
  /** Where the partition folders begin: `s3://bucket/prefix/topics/orders` or a path. */
  location: string
  /** In the order of the path. */
  partitions: readonly PartitionColumn[]
  /** How an engine learns of partitions: it is told of each, or works them out from their names. */
  discovery: 'registered' | 'projection'
  /** JSON fields that the view shows as columns of text: name and path. */
  fields: readonly { name: string; path: string }[]
}

export interface PartitionColumn {
  name: string
  /** Least and greatest value there is; null where nothing is archived yet. */
  range: { from: string; to: string } | null
}

export interface ShapeOptions {
  topic: string
  segments: readonly CommittedSegment[]
  storeUrl: string
  table: string | null
  schema: string
  discovery: TableShape['discovery']
  /** Path by column name. */
  fields: Readonly<Record<string, string>>
}

/** Throws InvalidInputError `ddl-options`, `ddl-layout` where the files' folders are no partition columns, or not everywhere the same. */
export function tableShape(options: ShapeOptions): TableShape {
  const { topic, segments, storeUrl, schema, discovery } = options
  const paths = segments.map(({ path }) => ({ folder: topicFolder(path), ...partitionValuesOf(path) }))
  const first = paths[0]
  if (first === undefined || first.columns.length === 0) throw noColumns(topic, segments[0]?.path ?? null)
  const other = paths.find(({ folder, columns }) => folder !== first.folder || `${columns}` !== `${first.columns}`)
  if (other !== undefined) throw severalLayouts(topic, first, other)
  return {
    topic,
    table: nameOf(options.table ?? tableName(topic), '--table'),
    schema: nameOf(schema, '--schema'),
    location: `${storeUrl.replace(/\/$/, '')}/${first.folder}`,
    partitions: first.columns.map((name, index) => ({
      name,
      range: rangeOf(paths.map(({ values }) => values[index]!)),
    })),
    discovery,
    fields: Object.entries(options.fields).map(([name, path]) => ({
      name: nameOf(name, '--field'),
      path: pathOf(path),
    })),
  }
}

/** What lies above the first `name=value`. */
function topicFolder(path: string): string {
  const folders = path.split('/').slice(0, -1)
  return folders
    .slice(
      0,
      folders.findIndex((folder) => folder.includes('=')),
    )
    .join('/')
}

function rangeOf(values: string[]): { from: string; to: string } {
  values.sort()
  return { from: values[0]!, to: values.at(-1)! }
}

function nameOf(name: string, option: string): string {
  if (/^[a-z][a-z0-9_]*$/.test(name)) return name
  throw invalid(`${option} ${JSON.stringify(name)}: a name is lower-case letters, digits and _.`)
}

function pathOf(path: string): string {
  if (FIELD_PATH.test(path)) return path
  throw invalid(`--field ${JSON.stringify(path)} is no field path such as customer.id or items[0].sku.`)
}

function invalid(message: string): InvalidInputError {
  return new InvalidInputError('ddl-options', message, { remedy: 'Correct the option.' })
}

function noColumns(topic: string, path: string | null): InvalidInputError {
  const why = path === null ? 'nothing of it is archived yet' : `its files lie in folders without names (${path})`
  return new InvalidInputError('ddl-layout', `No table can be described for ${topic}: ${why}.`, {
    remedy:
      path === null ? 'Archive it first.' : "Use a path.format with names, 'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH.",
  })
}

function severalLayouts(
  topic: string,
  one: { folder: string; columns: readonly string[] },
  other: { folder: string; columns: readonly string[] },
): InvalidInputError {
  const shown = [one, other].map(({ folder, columns }) => `${folder} by ${columns.join(', ')}`)
  return new InvalidInputError('ddl-layout', `The files of ${topic} lie in several layouts: ${shown.join('; ')}.`, {
    remedy: 'One table holds one layout: let compaction rewrite the topic, or query it with `coldstream query`.',
  })
}
