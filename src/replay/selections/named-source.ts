import { InvalidInputError } from '../../errors.ts'
import type { SavedSelections } from './saved-selections.ts'

/**
 * A request with the selection that its `source: {selection: <name>}` stands for; any other request as it is. Throws
 * NotFoundError `selection-not-found`, InvalidInputError `replay-request-invalid`.
 */
export async function resolveSource(json: unknown, selections: SavedSelections): Promise<unknown> {
  const source: unknown = Object(json).source
  const name: unknown = Object(source).selection
  if (typeof name !== 'string') return json
  if (Object.keys(Object(source)).length > 1) {
    throw new InvalidInputError('replay-request-invalid', 'source: a saved selection cannot be combined with more', {
      remedy: 'Give {"selection": name} alone, or write the whole selection out.',
    })
  }
  return { ...Object(json), source: (await selections.load(name)).source }
}
