import type { DuckDbEngine } from '../../src/adapters/duckdb/engine.ts'
import type { BoundParameter } from '../../src/ports/query-engine.ts'
import type { TemplateLibrary } from '../../src/query/template/library.ts'
import { render } from '../../src/query/template/render.ts'
import type { Template, TemplateParameter } from '../../src/query/template/template.ts'
import { type GivenValue, readValues } from '../../src/query/template/values.ts'
import { FIRST_HOUR, keyOf } from './archive.ts'

/** What is asked of every program. */
export interface Question {
  name: string
  /** Which goal it belongs to; null: none. */
  goal: 'one hour' | 'one key' | 'full scan' | null
  sql: string
  parameters: readonly BoundParameter[]
  /** For programs that are asked by template. */
  template: { name: string; parameters: Readonly<Record<string, GivenValue>> } | null
}

const TOPIC = 'orders'

/** Statements for the goals, then every template that needs no second topic. */
export function questions(library: TemplateLibrary, hours: number, engine: DuckDbEngine): Question[] {
  const hour = (number: number) =>
    new Date(FIRST_HOUR + number * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  const middle = Math.floor(hours / 2)
  const plain = (name: string, goal: Question['goal'], sql: string): Question => ({
    ...{ name, goal, sql },
    parameters: [],
    template: null,
  })
  return [
    plain(
      'volume of one hour',
      'one hour',
      `SELECT count(*), sum(length(record_value)) FROM orders
       WHERE record_timestamp >= TIMESTAMP '${hour(middle)}' AND record_timestamp < TIMESTAMP '${hour(middle + 1)}'`,
    ),
    plain(
      'records of one key',
      'one key',
      `SELECT count(*), min(record_offset) FROM orders WHERE record_key = to_utf8('${keyOf(8)}')`,
    ),
    plain('bytes of all values', 'full scan', 'SELECT count(*), sum(length(record_value)) FROM orders'),
    ...library.list().flatMap((template) => ofTemplate(template, library, engine)),
  ]
}

function ofTemplate(template: Template, library: TemplateLibrary, { dialect }: DuckDbEngine): Question[] {
  const topics = template.parameters.filter(({ type }) => type === 'topic')
  if (topics.length !== 1) return []
  const given = Object.fromEntries(template.parameters.flatMap((parameter) => exampleValue(parameter)))
  const values = readValues(library.get(template.name), given, { nowMs: Date.now(), topics: [TOPIC] })
  const goal = template.name === 'events-of-key' ? 'one key' : 'full scan'
  return [
    {
      name: template.name,
      goal,
      ...render(template, values, dialect),
      template: { name: template.name, parameters: given },
    },
  ]
}

/** For what is required; the defaults do for the rest. */
function exampleValue({ name, type, default: preset, oneOf }: TemplateParameter): [string, GivenValue][] {
  if (type === 'topic') return [[name, TOPIC]]
  if (preset !== null) return []
  if (oneOf !== null) return [[name, oneOf[0]!]]
  const byName: Record<string, GivenValue> = {
    key: keyOf(8),
    header: 'trace',
    name: 'trace',
    time_field: 'at',
    first: 'placed',
    second: 'paid',
  }
  if (byName[name] !== undefined) return [[name, byName[name]]]
  switch (type) {
    case 'field':
      return [[name, /number|total|amount|numeric/.test(name) ? 'total' : 'type']]
    case 'integer':
    case 'double':
      return [[name, 1]]
    case 'boolean':
      return [[name, true]]
    case 'timestamp':
      return [[name, 'earliest']]
    default:
      return [[name, 'placed']]
  }
}
