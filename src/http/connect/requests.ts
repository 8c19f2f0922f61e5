import { textConfig } from '../../connect/judge.ts'
import type { PartitionOffset } from '../../connect/offsets.ts'
import { type TargetState, targetStates } from '../../connect/registry-entry.ts'
import { InvalidInputError } from '../../errors.ts'

/** The body of `POST /connectors`: `{name, config, initial_state?}`. Throws InvalidInputError. */
export function readCreation(body: unknown): { name: string; config: Record<string, string>; target: TargetState } {
  const request = objectOf(body)
  const config = textConfig(request.config)
  const name = String(request.name ?? config.name ?? '').trim()
  const wish = String(request.initial_state ?? 'RUNNING').toUpperCase()
  const target = targetStates.find((state) => state === wish)
  if (target === undefined) throw bad(`initial_state: "${wish}" is not one of ${targetStates.join(', ')}`)
  return { name, config: withName(name, config), target }
}

/** A configuration with the name of its connector in it. Throws InvalidInputError when it holds another one. */
export function withName(name: string, config: Readonly<Record<string, string>>): Record<string, string> {
  if (config.name !== undefined && config.name !== name)
    throw bad(`Connector name configuration (${config.name}) doesn't match connector name in the URL (${name})`)
  return { ...config, name }
}

/** The body of `PATCH /connectors/{name}/config`: properties to set, null for those to take away. */
export function readPatch(name: string, body: unknown): Record<string, string | null> {
  const given = Object.entries(objectOf(body))
  const taken = given.filter(([, value]) => value === null).map(([property]) => [property, null] as const)
  const set = textConfig(Object.fromEntries(given.filter(([, value]) => value !== null)))
  return { ...Object.fromEntries(taken), ...withName(name, set) }
}

/** The body of `PATCH /connectors/{name}/offsets`, numbers also as text. Throws InvalidInputError in Connect's words. */
export function readOffsets(body: unknown): PartitionOffset[] {
  const { offsets } = objectOf(body)
  if (!Array.isArray(offsets) || offsets.length === 0)
    throw bad('Partitions / offsets need to be provided for an alter offsets request')
  const targets = offsets.map(readOffset)
  const names = targets.map(({ topic, partition }) => `${topic}-${partition}`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw bad(`the partition ${twice} is named twice`)
  return targets
}

function readOffset(entry: unknown): PartitionOffset {
  const { partition: place, offset } = objectOf(entry)
  if (place === null || place === undefined)
    throw bad('The partition for a sink connector offset cannot be null or missing')
  const { kafka_topic: topic, kafka_partition: partition } = objectOf(place)
  if (topic === undefined || partition === undefined)
    throw bad("The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'")
  if (typeof topic !== 'string') throw bad('Kafka topic names must be valid strings and may not be null')
  if (!/^\d{1,9}$/.test(String(partition)))
    throw bad(
      `Failed to parse the following Kafka partition value in the provided offsets: '${String(partition)}'. Partition values for sink connectors need to be integers.`,
    )
  if (offset === null || offset === undefined)
    throw bad(
      `The offset of ${topic}-${String(partition)} cannot be reset: the archive keeps its history, and the same records would be in it twice`,
      'Name an offset above the present one to pass records over. To emit archived records again, create a replay.',
    )
  const { kafka_offset: next } = objectOf(offset)
  if (next === undefined)
    throw bad("The offset for a sink connector should either be null or contain the key 'kafka_offset'")
  // beyond 2^53 JSON's numbers are not exact: such an offset has to be written as text
  if (!/^\d{1,18}$/.test(String(next)) || (typeof next === 'number' && !Number.isSafeInteger(next)))
    throw bad(
      `Failed to parse the following Kafka offset value in the provided offsets: '${String(next)}'. Offset values for sink connectors need to be integers.`,
    )
  return { topic, partition: Number(partition), next: BigInt(String(next)) }
}

/** A flag of a query string as Java reads it: anything but `true`, in any case, is false. */
export function isTrue(flag: string | undefined): boolean {
  return flag?.toLowerCase() === 'true'
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw bad('the request must be a JSON object')
}

function bad(message: string, remedy = 'The shape of every request is in /openapi.json and in docs/connect.md.') {
  return new InvalidInputError('connect-request-invalid', message, { remedy })
}
