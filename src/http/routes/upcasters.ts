import { Type } from 'typebox'
import { listUpcasters } from '../../replay/change/list-upcasters.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'

const Upcaster = Type.Object({
  name: Type.String(),
  module: Type.Union([
    Type.Object({
      version: Type.String(),
      description: Type.String(),
      accepts: Type.Union([Type.Literal('json'), Type.Literal('bytes')]),
      sha256: Type.String(),
    }),
    Type.Null({ description: 'It cannot be used.' }),
  ]),
  problems: Type.Array(Type.String({ description: 'As `orders-v2.ts:14: what is wrong`.' })),
})

/** The modules that can change events on their way. */
export function upcasterRoutes(server: Server, { config, log }: Services): void {
  server.get(
    '/v1/upcasters',
    {
      schema: {
        tags: ['replays'],
        response: { 200: Type.Object({ upcasters: Type.Array(Upcaster) }) },
        description: 'What `transform.upcaster` of a replay can name.',
      },
    },
    async () => {
      const { folder, ...limits } = config.replay.upcasters
      const listed = await listUpcasters(folder, { ...limits, log })
      return {
        upcasters: listed.map(({ name, module, problems }) => ({ name, module, problems: [...problems] })),
      }
    },
  )
}
