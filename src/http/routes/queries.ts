import { Type } from 'typebox'
import { oneStatement } from '../../query/one-statement.ts'
import { jsonRow, uniqueNames } from '../../query/output/json.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'

const nullable = (schema: ReturnType<typeof Type.String> | ReturnType<typeof Type.Number>) =>
  Type.Union([schema, Type.Null()])

const Template = Type.Object({
  name: Type.String(),
  title: Type.String(),
  description: Type.String(),
  parameters: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      description: Type.String(),
      default: nullable(Type.String()),
      min: nullable(Type.Number()),
      max: nullable(Type.Number()),
      oneOf: Type.Union([Type.Array(Type.String()), Type.Null()]),
    }),
  ),
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String(), description: Type.String() })),
  window: Type.Union([Type.Object({ from: Type.String(), until: Type.String() }), Type.Null()]),
})

const QueryBody = Type.Object(
  {
    sql: Type.Optional(
      Type.String({ description: 'One SELECT; a topic is a table of its name; parameters as $name.' }),
    ),
    template: Type.Optional(Type.String({ description: 'Name of a template, instead of `sql`.' })),
    parameters: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]))),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Rows at most; the service has a limit of its own.' }),
    ),
  },
  { additionalProperties: false },
)

const QueryAnswer = Type.Object({
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  rows: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    description: 'Integers beyond 2^53 are text; bytes are text when they are UTF-8, else {"base64": …}.',
  }),
  truncated: Type.Boolean({ description: 'There were more rows than the limit.' }),
  statistics: Type.Object({
    rows: Type.Integer(),
    files: Type.Integer(),
    bytes: Type.Integer(),
    elapsedMs: Type.Number(),
  }),
})

/** SQL over the archive, as it is at the moment of the request. */
export function queryRoutes(server: Server, { queries }: Services): void {
  server.get(
    '/v1/query-templates',
    { schema: { tags: ['queries'], response: { 200: Type.Object({ templates: Type.Array(Template) }) } } },
    () => ({
      templates: queries.templates().map(({ parameters, columns, ...template }) => ({
        ...template,
        columns: [...columns],
        parameters: parameters.map(({ oneOf, ...parameter }) => ({
          ...parameter,
          oneOf: oneOf === null ? null : [...oneOf],
        })),
      })),
    }),
  )

  server.post(
    '/v1/queries',
    { schema: { tags: ['queries'], body: QueryBody, response: { 200: QueryAnswer } } },
    async ({ body, raw }, reply) => {
      const gone = new AbortController()
      reply.raw.once('close', () => {
        if (!reply.raw.writableEnded) gone.abort()
      })
      if (raw.socket.destroyed) gone.abort()
      const { parameters = {}, limit } = body
      const options = { parameters, limits: limit === undefined ? {} : { maxRows: limit } }
      const result = await queries.run({ ...oneStatement(body), ...options }, gone.signal)
      const names = uniqueNames(result.columns)
      const rows: ReturnType<typeof jsonRow>[] = []
      for await (const batch of result.rows) for (const row of batch) rows.push(jsonRow(names, row))
      const { truncated, ...statistics } = result.statistics()
      return { columns: [...result.columns], rows, truncated, statistics }
    },
  )
}
