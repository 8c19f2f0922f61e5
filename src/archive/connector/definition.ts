/** How a property of the S3 sink fares here. */
export type Standing =
  /** It means what it means to the sink. */
  | 'same'
  /** It is understood, with another default, range or effect. */
  | 'different'
  /** It changes nothing; a warning says so. */
  | 'ignored'
  /** A connector that sets it is not taken. */
  | 'refused'
  /** The sink does not have it. */
  | 'own'

/** Types of Kafka's ConfigDef. PASSWORD: the value is never shown. */
export type PropertyType = 'STRING' | 'INT' | 'LONG' | 'BOOLEAN' | 'LIST' | 'CLASS' | 'PASSWORD'

/** What is known of one property: validation, the reference in docs/connectors.md and the parser go by it. */
export interface PropertyDefinition extends PropertyFacts {
  name: string
  type: PropertyType
  group: string
  standing: Standing
  /** Why it stands so, as the rest of a sentence; or what it means here. */
  why: string
}

interface PropertyFacts {
  importance?: 'HIGH' | 'MEDIUM' | 'LOW'
  /** What holds when it is left out, in words of the property. */
  default?: string
  required?: true
  /** Values to choose from; a class is named with or without its package. */
  values?: readonly string[]
}

/** A property as it is written down in a list: name, type, standing, why, and what else there is to say. */
export type PropertyRow = readonly [
  name: string,
  type: PropertyType,
  standing: Standing,
  why: string,
  facts?: PropertyFacts,
]

/** The definitions of a group. A name that ends in `.*` stands for all that begin so; a longer one goes before. */
export function defineGroup(group: string, rows: readonly PropertyRow[]): PropertyDefinition[] {
  return rows.map(([name, type, standing, why, facts = {}]) => ({ name, type, group, standing, why, ...facts }))
}
