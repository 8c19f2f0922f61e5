import { Type } from 'typebox'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'
import { Preview, ReplayRequest, Status } from './replay-schemas.ts'

const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) })

/** Replays: what history is emitted again, and how far that is. The work goes on in the service, not in the request. */
export function replayRoutes(server: Server, services: Services): void {
  server.post(
    '/v1/replays',
    {
      schema: {
        tags: ['replays'],
        body: ReplayRequest,
        response: { 200: Preview, 202: Status },
        description:
          'Creates a replay and starts it, or continues the one of this id. With `dryRun` it only says what it would do.',
      },
      // the service reads the request itself and names every problem at once
      validatorCompiler: () => (body: unknown) => ({ value: body }),
    },
    async ({ body }, reply) => {
      const { dryRun, ...request } = Object(body) as typeof body
      const replays = await services.replays()
      if (dryRun === true) return reply.status(200).send(await replays.dryRun(request))
      const status = await replays.create(request)
      return reply.status(202).header('location', `/v1/replays/${status.id}`).send(status)
    },
  )

  server.get(
    '/v1/replays',
    { schema: { tags: ['replays'], response: { 200: Type.Object({ replays: Type.Array(Status) }) } } },
    async () => ({ replays: await (await services.replays()).list() }),
  )

  server.get(
    '/v1/replays/:id',
    { schema: { tags: ['replays'], params: Params, response: { 200: Status } } },
    async ({ params }) => (await services.replays()).get(params.id),
  )

  server.post(
    '/v1/replays/:id/cancel',
    {
      schema: {
        tags: ['replays'],
        params: Params,
        response: { 200: Status },
        description: 'Stops the replay at a transaction’s boundary: what is committed stays in the target.',
      },
    },
    async ({ params }) => (await services.replays()).cancel(params.id),
  )
}
