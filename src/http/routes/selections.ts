import { Type } from 'typebox'
import type { SavedSelection } from '../../replay/selections/saved-selections.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'
import { Selection } from './replay-schemas.ts'

const Params = Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) })

const Saved = Type.Unsafe<SavedSelection>(
  Type.Object({
    name: Type.String(),
    source: Type.Record(Type.String(), Type.Unknown(), { description: 'As the `source` of a replay takes it.' }),
    savedAt: Type.String({ format: 'date-time' }),
  }),
)

/** Names for what replays select, kept in the archive. */
export function selectionRoutes(server: Server, { selections }: Services): void {
  server.get(
    '/v1/selections',
    { schema: { tags: ['selections'], response: { 200: Type.Object({ selections: Type.Array(Saved) }) } } },
    async () => ({ selections: await selections.list() }),
  )

  server.get(
    '/v1/selections/:name',
    { schema: { tags: ['selections'], params: Params, response: { 200: Saved } } },
    async ({ params }) => selections.load(params.name),
  )

  server.put(
    '/v1/selections/:name',
    {
      schema: {
        tags: ['selections'],
        params: Params,
        body: Selection,
        response: { 200: Saved },
        description:
          'Saves a selection under a name (a-z, 0-9 and "-"), in place of the one that had it. Replays that were created by the name keep what it stood for.',
      },
      // the service reads the selection itself and names every problem at once
      validatorCompiler: () => (value: unknown) => ({ value }),
    },
    async ({ params, body }) => selections.save(params.name, body),
  )

  server.delete(
    '/v1/selections/:name',
    { schema: { tags: ['selections'], params: Params, response: { 204: Type.Null() } } },
    async ({ params }, reply) => {
      await selections.delete(params.name)
      return reply.status(204).send(null)
    },
  )
}
