import type { PropertyDefinition } from './definition.ts'
import { commonProperties } from './definitions/common.ts'
import { fileProperties } from './definitions/files.ts'
import { storeProperties } from './definitions/store.ts'

/** All properties that are known, in the order in which they are shown. */
export const propertyDefinitions: readonly PropertyDefinition[] = [
  ...commonProperties,
  ...fileProperties,
  ...storeProperties,
]

const exact = new Map(propertyDefinitions.map((definition) => [definition.name, definition]))
const families = propertyDefinitions.filter(({ name }) => name.endsWith('.*'))

/** What is known of a property, or null. */
export function definitionOf(name: string): PropertyDefinition | null {
  return exact.get(name) ?? families.find((family) => name.startsWith(family.name.slice(0, -1))) ?? null
}

/** Whether a definition stands for all properties that begin alike. */
export function isFamily({ name }: PropertyDefinition): boolean {
  return name.endsWith('.*')
}
