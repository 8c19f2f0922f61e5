import { ColdstreamError } from '../../errors.ts'
import type { ParquetCodec, Routing } from '../../format/log-entry.ts'
import { type PathFormat, parsePathFormat } from '../../format/path-format.ts'
import { TimeBuckets } from '../../format/time-bucket.ts'
import { type Properties, simpleNameOf } from './properties.ts'

const hourMs = 3_600_000
const hourly = "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH"
const daily = "'year'=YYYY/'month'=MM/'day'=dd"

/** The sink's time-based partitioners: those that fix the path, and the one that is told it. */
const fixedFormats: Readonly<Record<string, string>> = { HourlyPartitioner: hourly, DailyPartitioner: daily }

/** Reads the properties that decide which folder a record goes to. Problems are added to `properties`. */
export function readRouting(properties: Properties): Routing {
  const pathFormat = readPathFormat(properties)
  const timezone = properties.text('timezone') ?? 'UTC'
  const parsed = tryParse(properties, pathFormat)
  const finestFieldMs = parsed?.finestFieldMs ?? hourMs
  const partitionDurationMs = properties.integer('partition.duration.ms', 1) ?? finestFieldMs
  // with wider buckets than the path can tell apart every record of an hour would be filed under the bucket's first one
  if (partitionDurationMs > finestFieldMs) {
    properties.problem(
      'partition.duration.ms',
      `${partitionDurationMs} is wider than path.format can tell apart (${finestFieldMs}); leave it out or make the path coarser`,
    )
  }
  const routing: Routing = {
    topicsDir: readTopicsDir(properties),
    pathFormat,
    timezone,
    partitionDurationMs,
    timestampField: readTimestampField(properties),
    codec: readCodec(properties),
  }
  if (parsed) collect(properties, 'timezone', () => new TimeBuckets(routing))
  return routing
}

function readPathFormat(properties: Properties): string {
  const partitioner = simpleNameOf(properties.text('partitioner.class') ?? 'TimeBasedPartitioner')
  const given = properties.text('path.format')
  const fixed = fixedFormats[partitioner]
  if (fixed !== undefined) {
    if (given !== null && given !== fixed) {
      properties.problem(
        'path.format',
        `"${given}" contradicts partitioner.class ${partitioner}, which uses ${fixed}; use TimeBasedPartitioner`,
      )
    }
    return fixed
  }
  if (partitioner !== 'TimeBasedPartitioner') {
    properties.problem(
      'partitioner.class',
      `${partitioner} does not partition by time; use TimeBasedPartitioner, HourlyPartitioner or DailyPartitioner`,
    )
  }
  return given ?? hourly
}

function readTopicsDir(properties: Properties): string {
  const topicsDir = properties.text('topics.dir') ?? 'topics'
  const folders = topicsDir.split('/')
  if (folders.some((folder) => !/^[\w.=-]+$/.test(folder) || /^\.+$/.test(folder))) {
    properties.problem(
      'topics.dir',
      `"${topicsDir}" must be folder names of letters, digits and . _ = - between slashes`,
    )
  } else if (
    ['log', 'catalog', 'connectors', 'replays', 'selections', 'jobs', 'queries', 'doctor'].includes(folders[0] ?? '')
  ) {
    properties.problem('topics.dir', `"${topicsDir}" is where the archive keeps its own books; choose another name`)
  }
  return topicsDir
}

function readTimestampField(properties: Properties): string | null {
  const extractor = simpleNameOf(properties.text('timestamp.extractor') ?? '')
  const field = properties.text('timestamp.field')
  if (extractor === 'RecordField') {
    if (field === null)
      properties.problem('timestamp.field', 'RecordField needs the name of the field that holds the time')
    return field
  }
  if (extractor === '' && properties.isTheSinks) {
    properties.warnings.push(
      'timestamp.extractor is Record (the sink would take Wallclock, which cannot be reproduced after a crash)',
    )
  } else if (extractor !== '' && extractor !== 'Record') {
    properties.problem(
      'timestamp.extractor',
      `${extractor} cannot be reproduced after a crash; use Record or RecordField`,
    )
  }
  if (field !== null) properties.problem('timestamp.field', 'only used with timestamp.extractor=RecordField')
  return null
}

function readCodec(properties: Properties): ParquetCodec {
  return properties.oneOf('parquet.codec', ['zstd', 'snappy', 'gzip', 'none'], 'zstd')
}

function tryParse(properties: Properties, pathFormat: string): PathFormat | null {
  return collect(properties, 'path.format', () => parsePathFormat(pathFormat))
}

function collect<Result>(properties: Properties, property: string, attempt: () => Result): Result | null {
  try {
    return attempt()
  } catch (error) {
    if (!(error instanceof ColdstreamError)) throw error
    properties.problem(property, `${error.message}. ${error.remedy}`)
    return null
  }
}
