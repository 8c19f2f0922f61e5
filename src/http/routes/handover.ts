import { Type } from 'typebox'
import type { Handover } from '../../replay/handover/handover.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'
import { Finding } from './replay-schemas.ts'

const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) })

const Offset = Type.String({ pattern: '^\\d+$', description: 'A 64-bit offset, as text.' })

const Answer = Type.Unsafe<Handover>(
  Type.Object({
    replay: Type.String(),
    sources: Type.Array(
      Type.Object({
        topic: Type.String(),
        incarnation: Type.Integer(),
        partitions: Type.Array(Type.Object({ partition: Type.Integer(), offset: Offset }), {
          description: 'The first offset to take live.',
        }),
      }),
    ),
    targets: Type.Array(
      Type.Object({
        topic: Type.String(),
        partitions: Type.Array(Type.Object({ partition: Type.Integer(), endOffset: Offset }), {
          description: 'Where the replay ends; transaction markers have offsets too.',
        }),
      }),
    ),
    warnings: Type.Array(Finding, { description: 'As long as one is an `error`, nothing is committed for a group.' }),
  }),
)

const Body = Type.Object(
  {
    groupId: Type.String({
      minLength: 1,
      maxLength: 249,
      description: 'The group that goes on live; without members now.',
    }),
  },
  { additionalProperties: false },
)

/** From a completed replay to its live source. */
export function handoverRoutes(server: Server, services: Services): void {
  server.get(
    '/v1/replays/:id/handover',
    {
      schema: {
        tags: ['replays'],
        params: Params,
        response: { 200: Answer },
        description:
          'Per source partition, the offset where live consumption goes on without hole or repeat after the completed replay.',
      },
    },
    async ({ params }) => (await services.handovers()).of(params.id),
  )

  server.post(
    '/v1/replays/:id/handover',
    {
      schema: {
        tags: ['replays'],
        params: Params,
        body: Body,
        response: { 200: Answer },
        description:
          'Commits these offsets for a consumer group on the source topics: all of them, or none while the group has members.',
      },
    },
    async ({ params, body }) => (await services.handovers()).commit(params.id, body.groupId),
  )
}
