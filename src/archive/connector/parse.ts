import { InvalidInputError } from '../../errors.ts'
import type { Connector, ConnectorS3, Rotation } from './connector.ts'
import { readRouting } from './partitioner.ts'
import { Properties } from './properties.ts'

const mebibyte = 1024 * 1024

/** Properties of the sink that change nothing here, and why. */
const ignored: Readonly<Record<string, string>> = {
  'tasks.max': 'partitions are divided over what is running',
  locale: 'paths hold digits only',
  's3.part.size': 'a segment is stored in one request',
  's3.compression.type': 'pages inside the Parquet file are compressed, see parquet.codec',
  'schema.compatibility': 'keys and values are archived as bytes, a schema change closes no file',
  'key.converter': 'keys are archived as bytes',
  'value.converter': 'values are archived as bytes',
  'header.converter': 'headers are archived as bytes',
  'behavior.on.null.values': 'a tombstone is a row with a null value',
  'store.kafka.keys': 'keys are always stored',
  'store.kafka.headers': 'headers are always stored',
  'keys.format.class': 'keys are a column of the same file',
  'headers.format.class': 'headers are a column of the same file',
}

/**
 * Reads a connector as the article, Kafka Connect's REST API (`{name, config}`) or its properties files (flat, `name`
 * inside) write it. Throws InvalidInputError `connector-invalid` with every problem at once. `origin` names the file.
 */
export function parseConnector(json: unknown, origin: string): Connector {
  const { name, config } = unwrap(json, origin)
  const properties = new Properties(config)
  properties.requireClass(
    'connector.class',
    'S3SinkConnector',
    'is not the S3 sink (io.confluent.connect.s3.S3SinkConnector)',
  )
  properties.requireClass(
    'storage.class',
    'S3Storage',
    'is not supported; use io.confluent.connect.s3.storage.S3Storage or leave it out',
  )
  properties.requireClass(
    'format.class',
    'ParquetFormat',
    'is not supported: the archive is Parquet (io.confluent.connect.s3.format.parquet.ParquetFormat)',
  )
  for (const [property, separator] of [
    ['directory.delim', '/'],
    ['file.delim', '+'],
  ] as const) {
    const given = properties.text(property)
    if (given !== null && given !== separator) properties.problems.push(`${property}: must be "${separator}"`)
  }
  const topics = readTopics(properties)
  const routing = readRouting(properties)
  const rotation = readRotation(properties)
  const s3 = readS3(properties)
  for (const [property, why] of Object.entries(ignored)) properties.ignore(property, why)
  properties.text('name')
  for (const property of properties.unread()) properties.warnings.push(`${property} is not known here and is ignored`)
  if (name === '' || !/^[\w.-]{1,200}$/.test(name))
    properties.problems.unshift(`name: "${name}" must be 1 to 200 letters, digits, . _ or -`)
  if (properties.problems.length > 0) throw invalid(origin, properties.problems)
  return {
    name,
    topics,
    topicsRegex: null,
    tasksMax: null,
    errors: { tolerance: 'none', deadLetterTopic: null },
    nullValues: 'write',
    routing,
    rotation,
    s3,
    warnings: properties.warnings,
  }
}

function unwrap(json: unknown, origin: string): { name: string; config: Record<string, unknown> } {
  if (!isObject(json)) throw invalid(origin, ['the connector must be a JSON object'])
  const config = json.config === undefined ? json : json.config
  if (!isObject(config)) throw invalid(origin, ['config: must be a JSON object'])
  const name = json.name ?? config.name
  if (typeof name !== 'string') throw invalid(origin, ['name: is missing'])
  if (config !== json && config.name !== undefined && config.name !== name) {
    throw invalid(origin, [`name: "${name}" outside and "${String(config.name)}" inside config differ`])
  }
  return { name, config }
}

function readTopics(properties: Properties): string[] {
  const regex = properties.text('topics.regex')
  const topics = (properties.text('topics') ?? '')
    .split(',')
    .map((topic) => topic.trim())
    .filter((topic) => topic !== '')
  if (regex !== null) properties.problems.push('topics.regex: is not supported; list the topics in topics')
  else if (topics.length === 0)
    properties.problems.push('topics: is missing; name the topics to archive, separated by commas')
  const twice = topics.filter((topic, index) => topics.indexOf(topic) !== index)
  if (twice.length > 0) properties.problems.push(`topics: ${[...new Set(twice)].join(', ')} named twice`)
  return topics
}

function readRotation(properties: Properties): Rotation {
  const intervalMs = properties.interval('rotate.interval.ms')
  const scheduleIntervalMs = properties.interval('rotate.schedule.interval.ms')
  return {
    flushSize: properties.integer('flush.size', 1),
    intervalMs,
    scheduleIntervalMs,
    // the sink leaves an idle topic's last file open for ever; a minute of silence is enough to close it
    idleMs: properties.integer('rotate.idle.ms', 1) ?? Math.min(intervalMs ?? 60_000, 60_000),
    maxBytes: properties.integer('segment.max.bytes', mebibyte) ?? 128 * mebibyte,
  }
}

function readS3(properties: Properties): ConnectorS3 | null {
  const bucket = properties.text('s3.bucket.name')
  const rest = {
    region: properties.text('s3.region'),
    endpoint: properties.text('store.url'),
    accessKeyId: properties.text('aws.access.key.id'),
    secretAccessKey: properties.text('aws.secret.access.key'),
  }
  if (bucket === null) {
    if (Object.values(rest).some((value) => value !== null))
      properties.problems.push('s3.bucket.name: is missing although other store properties are set')
    return null
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    properties.problems.push(`s3.bucket.name: "${bucket}" is not a valid bucket name`)
  return { bucket, ...rest }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(origin: string, problems: string[]): InvalidInputError {
  return new InvalidInputError(
    'connector-invalid',
    `connector ${origin} cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    {
      remedy: 'Correct the properties named above; the meaning of each is in docs/connectors.md.',
      details: { origin, problems },
    },
  )
}
