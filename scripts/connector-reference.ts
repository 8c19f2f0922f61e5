import type { PropertyDefinition, Standing } from '../src/archive/connector/definition.ts'
import { propertyDefinitions } from '../src/archive/connector/definitions.ts'

const introduction = `# Connectors

<!-- Written by \`npm run docs:connectors\` from src/archive/connector/definitions; do not edit. -->

A connector says what is captured and how: one JSON file, in the words of the Kafka Connect S3 sink, so that the file you
have works here. Both shapes are read: \`{"name": …, "config": {…}}\` as Connect's REST API takes it, and the flat object with
\`name\` inside. Every value may be text, as Connect writes it, or a number. A connector is given to \`coldstream serve\` and
\`coldstream capture\` as a file, or to a running service by Kafka Connect's REST API: [connect.md](connect.md).

Everything that is wrong is reported at once, with the property's name. A property that is not known here, or makes no
difference here, is named in a warning; one that contradicts another, or asks for what is not done here, is refused.

When any rule closes a partition's segments, all segments of that partition that are open close together: one commit.

Secrets (\`aws.secret.access.key\`, passwords of converters and clients) may be written as \`\${env:NAME}\`, which takes them from
the environment of the service. By REST they must be: what is posted is kept in the archive, and secrets do not belong there. Other
properties are no references: who may create a connector could else read any variable of the service.

Properties, by what they are to the sink and what they are here: **same**; **different** (another default, range or effect);
**ignored**; **refused**; **ours** (the sink does not have it).
`

const words: Readonly<Record<Standing, string>> = {
  same: 'same',
  different: 'different',
  ignored: 'ignored',
  refused: 'refused',
  own: 'ours',
}

/** docs/connectors.md, whole. */
export function connectorReference(): string {
  const groups = [...new Set(propertyDefinitions.map(({ group }) => group))]
  return [introduction, ...groups.map(table)].join('\n')
}

function table(group: string): string {
  const rows = propertyDefinitions.filter((definition) => definition.group === group).map(row)
  return `## ${group}\n\n| property | here | default | why |\n|---|---|---|---|\n${rows.join('')}`
}

function row({ name, standing, why, default: fallback, values, type }: PropertyDefinition): string {
  const choice =
    values === undefined
      ? ''
      : ` (${values.map((value) => code(type === 'CLASS' ? simpleName(value) : value)).join(', ')})`
  const shown = fallback === undefined ? '' : code(type === 'CLASS' ? simpleName(fallback) : fallback)
  return `| ${[code(name), words[standing] + choice, shown, why].map(cell).join(' | ')} |\n`
}

function simpleName(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1)
}

function code(text: string): string {
  return `\`${text}\``
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
