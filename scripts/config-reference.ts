import type { TObject, TSchema } from 'typebox'
import { expectation } from '../src/config/problems.ts'
import { factsOf, isSection } from '../src/config/property.ts'
import { configSchema } from '../src/config/schema.ts'

const introduction = `# Configuration

<!-- Written by \`npm run docs:config\` from src/config/schema.ts; do not edit. -->

Coldstream reads \`coldstream.yaml\` in the folder where it runs, if it is there, or the file after \`--config\`. An
environment variable goes over the file, the file over the default; an empty variable counts as not set. In the file,
\`\${NAME}\` and \`\${NAME:-default}\` inside a text stand for environment variables, and \`$\${\` for \`\${\`: this is how a
secret stays out of it. Relative paths start from the folder of the file, in variables from the working folder.

All problems are told at once, each with its property. \`coldstream doctor\` tries what is configured.

\`\`\`yaml
kafka:
  brokers: [kafka-1.internal:9093, kafka-2.internal:9093]
  tls: { enabled: true }
  sasl: { mechanism: SCRAM-SHA-512, username: coldstream, password: '\${KAFKA_PASSWORD}' }
store:
  url: s3://kafka-event-archive/production
  s3: { region: eu-west-1 }
http:
  host: 0.0.0.0
  apiKeys:
    - { name: dashboards, sha256: '\${DASHBOARDS_KEY_SHA256}' }
\`\`\`
`

/** docs/configuration.md, whole. */
export function configReference(): string {
  return `${[introduction, ...sections(configSchema, '', 2)].join('\n')}`
}

function sections(schema: TObject, path: string, depth: number): string[] {
  return Object.entries(schema.properties).flatMap(([name, property]) => {
    if (!isSection(property)) return []
    const at = path === '' ? name : `${path}.${name}`
    const heading = `${'#'.repeat(depth)} ${at}\n\n${factsOf(property).description}\n`
    const leaves = Object.entries(property.properties).filter(([, leaf]) => !isSection(leaf))
    const table = leaves.length === 0 ? [] : [`${header}${leaves.map(([leaf, facts]) => row(leaf, facts)).join('')}`]
    return [heading, ...table, ...sections(property, at, depth + 1)]
  })
}

const header = '| property | value | default | variable | |\n|---|---|---|---|---|\n'

function row(name: string, schema: TSchema): string {
  const { description, env, secret, items } = factsOf(schema)
  const inner = items !== undefined && isSection(items) ? ` Each with ${innerProperties(items)}.` : ''
  const cells = [
    `\`${name}\``,
    cell(expectation(schema)),
    cell(defaultText(schema)),
    env === undefined ? '' : `\`${env}\``,
    cell(`${description}${inner}${secret ? ' Secret.' : ''}`),
  ]
  return `| ${cells.join(' | ')} |\n`
}

function innerProperties(schema: TObject): string {
  return Object.entries(schema.properties)
    .map(([name, property]) => `\`${name}\` (${factsOf(property).description?.replace(/\.$/, '')})`)
    .join(' and ')
}

function defaultText(schema: TSchema): string {
  const { default: value, defaultText: text } = factsOf(schema)
  if (text !== undefined) return text
  if (value === undefined) return 'none'
  const size = typeof value === 'number' ? roundSize(value) : null
  return `\`${Array.isArray(value) || typeof value !== 'string' ? JSON.stringify(value) : value}\`${size === null ? '' : ` (${size})`}`
}

function roundSize(value: number): string | null {
  for (const [unit, bytes] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
  ] as const) {
    if (value >= bytes && value % bytes === 0) return `${value / bytes} ${unit}`
  }
  return null
}

/** A line break or a bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
