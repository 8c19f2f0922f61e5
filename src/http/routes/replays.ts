import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { InvalidInputError } from '../../errors.ts'
import { replayStates } from '../../replay/run/state.ts'
import type { ReplayService } from '../../replay/service.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'
import { Preview, Rate, ReplayRequest, Status } from './replay-schemas.ts'

const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) })

const Page = Type.Object({
  state: Type.Optional(Type.Enum([...replayStates])),
  source: Type.Optional(Type.String({ description: 'A source topic.' })),
  target: Type.Optional(Type.String({ description: 'A target topic.' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  after: Type.Optional(Type.Integer({ minimum: 0, description: '`next` of the page before.' })),
})

const Headers = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'The same key again answers the replay that it created.',
    }),
  ),
})

/** Replays: what history is emitted again, and how far that is. The work goes on in the service, not in the request. */
export function replayRoutes(server: Server, services: Services): void {
  server.post(
    '/v1/replays',
    {
      schema: {
        tags: ['replays'],
        headers: Headers,
        body: ReplayRequest,
        response: { 200: Preview, 202: Status },
        description:
          'Creates a replay and starts it, or continues the one of this id. With `dryRun` it only says what it would do.',
      },
      // the service reads the request itself and names every problem at once
      validatorCompiler:
        ({ httpPart }) =>
        (part: unknown) =>
          httpPart === 'headers' ? checkHeaders(part) : { value: part },
    },
    async ({ body, headers }, reply) => {
      const { dryRun, ...request } = Object(body) as typeof body
      const replays = await services.replays()
      if (dryRun === true) return reply.status(200).send(await replays.dryRun(request))
      const key = headers['idempotency-key']
      const status = await replays.create(key === undefined ? request : withIdOf(key, request))
      return reply.status(202).header('location', `/v1/replays/${status.id}`).send(status)
    },
  )

  server.get(
    '/v1/replays',
    {
      schema: {
        tags: ['replays'],
        querystring: Page,
        response: {
          200: Type.Object({
            replays: Type.Array(Status),
            next: Type.Union([Type.Integer(), Type.Null()], {
              description: 'For `after`; null: that was the last page.',
            }),
          }),
        },
        description: 'Replays, the latest first.',
      },
    },
    async ({ query: { state = null, source = null, target = null, limit = 50, after = null } }) => {
      return (await services.replays()).list({ state, source, target, limit, after })
    },
  )

  server.get(
    '/v1/replays/:id',
    { schema: { tags: ['replays'], params: Params, response: { 200: Status } } },
    async ({ params }) => (await services.replays()).get(params.id),
  )

  server.get(
    '/v1/replays/:id/events',
    {
      schema: {
        tags: ['replays'],
        params: Params,
        produces: ['text/event-stream'],
        description: 'Server-sent events `status`, each with the replay’s status as JSON; ends with the last one.',
      },
    },
    async ({ params, raw }, reply) => {
      const replays = await services.replays()
      await replays.get(params.id)
      const gone = new AbortController()
      raw.once('close', () => gone.abort())
      const events = Readable.from(statusEvents(replays, params.id, gone.signal))
      return reply.header('content-type', 'text/event-stream').header('cache-control', 'no-store').send(events)
    },
  )

  server.put(
    '/v1/replays/:id/rate',
    {
      schema: {
        tags: ['replays'],
        params: Params,
        body: Rate,
        response: { 200: Status },
        description: 'Changes how fast it goes, also while it runs; null: as fast as it goes.',
      },
      validatorCompiler: () => (part: unknown) => ({ value: part }),
    },
    async ({ params, body }) => (await services.replays()).changeRate(params.id, body),
  )

  const steer = (action: 'pause' | 'resume' | 'cancel', description: string): void => {
    server.post(
      `/v1/replays/:id/${action}`,
      { schema: { tags: ['replays'], params: Params, response: { 200: Status }, description } },
      async ({ params }) => (await services.replays())[action](params.id),
    )
  }
  steer('pause', 'Stops at a transaction’s boundary, after what is being written is committed.')
  steer('resume', 'Goes on after the last committed transaction, whatever stopped it.')
  steer('cancel', 'Stops the replay: what is not committed is dropped, what is committed stays in the target.')
}

async function* statusEvents(replays: ReplayService, id: string, signal: AbortSignal): AsyncGenerator<string> {
  for await (const status of replays.watch(id, signal)) yield `event: status\ndata: ${JSON.stringify(status)}\n\n`
}

/** The key names the replay, so that it is found again wherever it is asked for. */
function withIdOf(key: string, request: { id?: string }): object {
  if (request.id !== undefined) {
    throw new InvalidInputError('replay-request-invalid', 'an Idempotency-Key and an id name the replay twice', {
      remedy: 'Leave out one of them: the same id again continues the same replay, too.',
    })
  }
  return { ...request, id: `key-${createHash('sha256').update(key).digest('hex').slice(0, 32)}` }
}

function checkHeaders(part: unknown): { value: unknown } | { error: Error } {
  const key: unknown = Object(part)['idempotency-key']
  if (key === undefined || (typeof key === 'string' && key.length >= 1 && key.length <= 255)) return { value: part }
  return { error: new Error('headers/idempotency-key must have 1 to 255 characters') }
}
