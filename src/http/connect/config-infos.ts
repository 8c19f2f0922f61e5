import { type Static, Type } from 'typebox'
import type { PropertyDefinition, Standing } from '../../archive/connector/definition.ts'
import { definitionOf, isFamily, propertyDefinitions } from '../../archive/connector/definitions.ts'
import type { PropertyProblem } from '../../archive/connector/properties.ts'
import { maskSecrets } from '../../archive/connector/secrets.ts'

const nullable = Type.Union([Type.String(), Type.Null()])

/** What a plugin says of one property (org.apache.kafka.connect.runtime.rest.entities.ConfigKeyInfo). */
export const ConfigKeyInfo = Type.Object({
  name: Type.String(),
  type: Type.String(),
  required: Type.Boolean(),
  default_value: nullable,
  importance: Type.String(),
  documentation: Type.String(),
  group: nullable,
  width: Type.String(),
  display_name: Type.String(),
  dependents: Type.Array(Type.String()),
  order: Type.Integer({ description: 'Of Kafka before 4; the same as `order_in_group`.' }),
  order_in_group: Type.Integer(),
})
type ConfigKeyInfo = Static<typeof ConfigKeyInfo>

const ConfigValueInfo = Type.Object({
  name: Type.String(),
  value: nullable,
  recommended_values: Type.Array(Type.String()),
  errors: Type.Array(Type.String()),
  visible: Type.Boolean(),
})

/** The answer to `PUT /connector-plugins/{plugin}/config/validate`. */
export const ConfigInfos = Type.Object({
  name: Type.String(),
  error_count: Type.Integer(),
  groups: Type.Array(Type.String()),
  configs: Type.Array(Type.Object({ definition: ConfigKeyInfo, value: ConfigValueInfo })),
})

const unknownGroup = 'Unknown'

/** All properties of the sink, each with how it fares here. */
export function configKeyInfos(): ConfigKeyInfo[] {
  return propertyDefinitions.filter((definition) => !isFamily(definition)).map(toConfigKeyInfo)
}

/** A configuration against the definitions: every property that is known or set, with what is wrong with it. */
export function configInfos(
  plugin: string,
  config: Readonly<Record<string, string>>,
  problems: readonly PropertyProblem[],
): Static<typeof ConfigInfos> {
  const known = propertyDefinitions.filter((definition) => !isFamily(definition))
  const names = new Set(known.map(({ name }) => name))
  const others = [...Object.keys(config), ...problems.map(({ property }) => property)].filter(
    (name) => !names.has(name),
  )
  const definitions = [...known, ...[...new Set(others)].map(definitionFor)]
  const shown = maskSecrets(config)
  return {
    name: plugin,
    error_count: problems.length,
    groups: [...new Set(definitions.map(({ group }) => group))],
    configs: definitions.map((definition, index) => {
      const { name, standing, values = [], default: fallback = null } = definition
      return {
        definition: toConfigKeyInfo(definition, index),
        value: {
          name,
          value: shown[name] ?? fallback,
          recommended_values: [...values],
          errors: problems.filter(({ property }) => property === name).map(({ message }) => `${name} ${message}`),
          visible: config[name] !== undefined || !(standing === 'ignored' || standing === 'refused'),
        },
      }
    }),
  }
}

/** The definition of a property that has none of its own: that of its family, or that it is not known. */
function definitionFor(name: string): PropertyDefinition {
  const family = definitionOf(name)
  if (family !== null) return { ...family, name }
  return { name, type: 'STRING', group: unknownGroup, standing: 'ignored', why: 'it is not known here' }
}

const prefixes: Readonly<Record<Standing, string>> = {
  same: 'As for the sink: ',
  different: 'Unlike the sink: ',
  ignored: 'Ignored: ',
  refused: 'Refused: ',
  own: 'Coldstream’s own: ',
}

const widths: Readonly<Record<string, string>> = { BOOLEAN: 'SHORT', INT: 'MEDIUM', LONG: 'MEDIUM' }

function toConfigKeyInfo(definition: PropertyDefinition, index: number): ConfigKeyInfo {
  const {
    name,
    type,
    group,
    standing,
    why,
    importance = 'LOW',
    default: fallback = null,
    required = false,
  } = definition
  const words = name.replaceAll('.', ' ')
  return {
    name,
    type,
    required,
    default_value: fallback,
    importance,
    documentation: prefixes[standing] + why,
    group,
    width: widths[type] ?? 'LONG',
    display_name: words[0]!.toUpperCase() + words.slice(1),
    dependents: [],
    order: index + 1,
    order_in_group: index + 1,
  }
}
