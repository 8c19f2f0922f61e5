import { InvalidInputError } from '../../errors.ts'
import type { Connector, ConnectorS3, ErrorHandling, Rotation } from './connector.ts'
import { definitionOf } from './definitions.ts'
import { readRouting } from './partitioner.ts'
import { type Environment, Properties, type PropertyProblem } from './properties.ts'
import { readTopics, takesTopic } from './topics.ts'

const mebibyte = 1024 * 1024

/** A configuration after every property was looked at. */
export interface CheckedConnector {
  /** Null when there are problems. */
  connector: Connector | null
  problems: readonly PropertyProblem[]
  /** As in Connector; also there when there are problems. */
  warnings: readonly string[]
}

/**
 * Reads a connector as the article, Kafka Connect's REST API (`{name, config}`) or its properties files (flat, `name`
 * inside) write it. Throws InvalidInputError `connector-invalid` with every problem at once. `origin` names the file.
 */
export function parseConnector(json: unknown, origin: string, environment: Environment = process.env): Connector {
  const { connector, problems } = checkConnector(connectorConfig(json, origin), environment)
  if (connector === null) throw invalid(origin, problems)
  return connector
}

/** The flat configuration of a connector in either shape, `name` inside. Throws as parseConnector. */
export function connectorConfig(json: unknown, origin: string): Record<string, unknown> & { name: string } {
  if (!isObject(json)) throw invalid(origin, [{ property: 'connector', message: 'must be a JSON object' }])
  const config = json.config === undefined ? json : json.config
  if (!isObject(config)) throw invalid(origin, [{ property: 'config', message: 'must be a JSON object' }])
  const name = json.name ?? config.name
  if (typeof name !== 'string') throw invalid(origin, [{ property: 'name', message: 'is missing' }])
  if (config !== json && config.name !== undefined && config.name !== name) {
    const message = `"${name}" outside and "${String(config.name)}" inside config differ`
    throw invalid(origin, [{ property: 'name', message }])
  }
  return { ...config, name }
}

/** Looks at every property of a flat configuration; `environment` is where references are looked up. */
export function checkConnector(config: Readonly<Record<string, unknown>>, environment: Environment): CheckedConnector {
  const properties = new Properties(config, environment)
  for (const name of properties.names()) properties.judge(name, definitionOf(name))
  const name = properties.text('name') ?? ''
  if (!/^[\w.-]{1,200}$/.test(name)) properties.problem('name', `"${name}" must be 1 to 200 letters, digits, . _ or -`)
  const topics = readTopics(properties)
  const connector = {
    name,
    ...topics,
    tasksMax: properties.integer('tasks.max', 1),
    errors: readErrors(properties, topics),
    nullValues: readNullValues(properties),
    routing: readRouting(properties),
    rotation: readRotation(properties),
    s3: readS3(properties),
    warnings: properties.warnings,
  }
  const { problems, warnings } = properties
  return { connector: problems.length > 0 ? null : connector, problems, warnings }
}

function readErrors(properties: Properties, topics: Pick<Connector, 'topics' | 'topicsRegex'>): ErrorHandling {
  const name = 'errors.deadletterqueue.topic.name'
  // a value that is neither has been judged by the definition
  const tolerance = properties.text('errors.tolerance')?.toLowerCase() === 'all' ? 'all' : 'none'
  const deadLetterTopic = properties.text(name)
  if (deadLetterTopic === null) return { tolerance, deadLetterTopic }
  if (!/^[\w.-]{1,249}$/.test(deadLetterTopic)) properties.problem(name, `"${deadLetterTopic}" is no name of a topic`)
  if (takesTopic(topics, deadLetterTopic))
    properties.problem(name, `"${deadLetterTopic}" is itself a topic of this connector; name another one`)
  if (tolerance === 'none') properties.warnings.push(`${name} is used only with errors.tolerance=all`)
  return { tolerance, deadLetterTopic }
}

function readNullValues(properties: Properties): Connector['nullValues'] {
  if (properties.isTheSinks && properties.text('behavior.on.null.values') === null)
    properties.warnings.push(
      'behavior.on.null.values is write: tombstones are archived (the sink would fail at the first)',
    )
  return properties.oneOf('behavior.on.null.values', ['write', 'ignore', 'fail'], 'write')
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
    accessKeyId: properties.secret('aws.access.key.id'),
    secretAccessKey: properties.secret('aws.secret.access.key'),
    forcePathStyle: properties.boolean('s3.path.style.access.enabled'),
  }
  // not shown: someone may have put credentials into it
  if (rest.endpoint !== null && !/^https?:\/\/[^@\s?#]+$/.test(rest.endpoint))
    properties.problem('store.url', 'must be an http or https URL without credentials')
  const isSet = (name: string) => properties.text(name) !== null
  if (isSet('aws.access.key.id') !== isSet('aws.secret.access.key'))
    properties.problem('aws.secret.access.key', 'goes with aws.access.key.id: set both or none')
  if (bucket === null) {
    if (Object.values(rest).some((value) => value !== null))
      properties.problem('s3.bucket.name', 'is missing although other store properties are set')
    return null
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    properties.problem('s3.bucket.name', `"${bucket}" is not a valid bucket name`)
  return { bucket, ...rest }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(origin: string, found: readonly PropertyProblem[]): InvalidInputError {
  const problems = found.map(({ property, message }) => `${property}: ${message}`)
  return new InvalidInputError(
    'connector-invalid',
    `connector ${origin} cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    {
      remedy: 'Correct the properties named above; the meaning of each is in docs/connectors.md.',
      details: { origin, problems },
    },
  )
}
