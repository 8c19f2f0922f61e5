import { Type } from 'typebox'
import { STREAM_FORMATS } from '../../query/output/result-format.ts'

const nullable = <Schema extends ReturnType<typeof Type.String | typeof Type.Number | typeof Type.Integer>>(
  schema: Schema,
) => Type.Union([schema, Type.Null()])

export const Template = Type.Object({
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

const statement = {
  sql: Type.Optional(Type.String({ description: 'One SELECT; a topic is a table of its name; parameters as $name.' })),
  template: Type.Optional(Type.String({ description: 'Name of a template, instead of `sql`.' })),
  parameters: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]))),
  engine: Type.Optional(Type.String({ description: 'Name of a configured engine; else the default one.' })),
  window: Type.Optional(
    Type.Object(
      {
        from: Type.Optional(Type.String()),
        until: Type.Optional(Type.String()),
      },
      {
        additionalProperties: false,
        description:
          'Record times to begin with and to stop before (ISO 8601, epoch milliseconds, `now-24h`): other records are not seen, and files without any are not read.',
      },
    ),
  ),
}

export const EstimateBody = Type.Object(statement, { additionalProperties: false })

export const Format = Type.Enum(['json', ...STREAM_FORMATS], {
  description: 'Else by the Accept header, else `json`.',
})

export const QueryBody = Type.Object(
  {
    ...statement,
    format: Type.Optional(Format),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Rows at most; the service has a limit of its own.' }),
    ),
    freshness: Type.Optional(
      Type.Enum(['archive', 'live'], {
        description: '`live` also says how far the archive is behind the broker, for each partition that is read.',
      }),
    ),
    wait: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 300,
        description:
          'Seconds to wait for the answer; else by `Prefer: wait=…`, else 10. 0 answers with the id at once.',
      }),
    ),
  },
  { additionalProperties: false },
)

export const Estimate = Type.Object({
  engine: Type.String(),
  files: Type.Integer(),
  bytes: Type.Integer({ description: 'Read at most: engines leave out columns and parts of files.' }),
  costUsd: Type.Optional(Type.Number({ description: 'For engines that cost by what they read.' })),
})

const Column = Type.Object({ name: Type.String(), type: Type.String() })

const Statistics = Type.Object({
  rows: Type.Integer(),
  files: Type.Integer({ description: 'That the statement could look at.' }),
  bytes: Type.Integer({ description: 'Of those files.' }),
  elapsedMs: Type.Number(),
  scannedBytes: Type.Optional(Type.Integer({ description: 'Where the engine counts what it has read.' })),
  costUsd: Type.Optional(Type.Number()),
})

const run = {
  id: Type.String(),
  state: Type.Enum(['waiting', 'running', 'completed', 'failed', 'cancelled', 'lost'], {
    description: '`lost`: the instance that ran it is gone.',
  }),
  by: Type.String({ description: 'Name of the API key that asked.' }),
  sql: nullable(Type.String()),
  template: nullable(Type.String()),
  parameters: Type.Record(Type.String(), Type.Unknown()),
  engine: Type.String(),
  instance: Type.String({ description: 'That runs or ran it.' }),
  askedAt: Type.String({ format: 'date-time' }),
  endedAt: nullable(Type.String({ format: 'date-time' })),
  progress: nullable(Type.Number({ description: '0 to 1, where it is known.' })),
  error: Type.Union([Type.Object({ code: Type.String(), detail: Type.String(), remedy: Type.String() }), Type.Null()]),
  truncated: Type.Boolean({ description: 'There were more rows than the limit.' }),
  statistics: Type.Union([Statistics, Type.Null()]),
  resultsUntil: nullable(Type.String({ description: 'When its results are removed; earlier where room is short.' })),
  freshness: Type.Union([
    Type.Array(
      Type.Object({
        topic: Type.String(),
        partition: Type.Integer(),
        archivedUntil: Type.String({ description: 'The first offset that is not archived.' }),
        brokerEnd: nullable(Type.String({ description: 'The offset after the last one at the broker.' })),
        behindOffsets: nullable(Type.String()),
        behindSeconds: nullable(
          Type.Number({
            description: 'Since the newest archived record: what is missing is not older, if times ascend.',
          }),
        ),
      }),
    ),
    Type.Null(),
  ]),
}

export const QueryRun = Type.Object(run)

export const QueryPage = Type.Object({
  columns: Type.Array(Column),
  rows: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    description: 'Integers beyond 2^53 are text; bytes are text when they are UTF-8, else {"base64": …}.',
  }),
  next: Type.Union([Type.Integer(), Type.Null()], {
    description: 'What `after` asks for the next page; null: the last.',
  }),
})

/** An answer that was there in time. */
export const QueryAnswer = Type.Object({ ...run, ...QueryPage.properties, statistics: Statistics })
