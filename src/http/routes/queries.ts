import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { InvalidInputError } from '../../errors.ts'
import { oneStatement } from '../../query/one-statement.ts'
import { MEDIA_TYPES, type StreamFormat, writeResult } from '../../query/output/result-format.ts'
import type { QueryRequest } from '../../query/query-service.ts'
import type { ResultReader } from '../../query/runs/result-reader.ts'
import { errorOfRecord } from '../../query/runs/run-error.ts'
import { parseTimestamp, TIMESTAMP_FORMS } from '../../query/timestamp.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'
import { chooseFormat, waitSeconds } from './query-negotiation.ts'
import {
  Estimate,
  EstimateBody,
  Format,
  QueryAnswer,
  QueryBody,
  QueryPage,
  QueryRun,
  Template,
} from './query-schemas.ts'
import { pageView, runView } from './query-views.ts'

const tags = ['queries']
const PAGE_ROWS = 1_000
const MAX_PAGE_ROWS = 10_000

const Id = Type.Object({ id: Type.String() })

/** SQL over the archive, as it is at the moment of the request. */
export function queryRoutes(server: Server, { queries, queryRuns, clock }: Services): void {
  server.get(
    '/v1/query-templates',
    { schema: { tags, response: { 200: Type.Object({ templates: Type.Array(Template) }) } } },
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
    {
      schema: {
        tags,
        description: 'Begins a query. Its rows, if they are there in time; else its id, with status 202.',
        body: QueryBody,
        response: { 200: QueryAnswer, 202: QueryRun },
      },
    },
    async ({ body, raw, headers, caller }, reply) => {
      const format = chooseFormat(body.format, headers.accept)
      const seconds = waitSeconds(body.wait, headers.prefer)
      const request = requestOf(body, clock.nowMs())
      const begun = await queryRuns.start(
        { ...request, limits: body.limit === undefined ? {} : { maxRows: body.limit } },
        { by: caller, isFreshnessAsked: body.freshness === 'live' },
      )
      reply.header('location', `/v1/queries/${begun.id}`)
      const gone = new AbortController()
      // Nobody else knows the id yet.
      const giveUp = () => {
        if (!reply.raw.writableEnded) void queryRuns.cancel(begun.id).catch(() => undefined)
        gone.abort()
      }
      reply.raw.once('close', giveUp)
      if (raw.socket.destroyed) giveUp()
      const run = await queryRuns.wait(begun.id, seconds * 1000, gone.signal)
      reply.raw.off('close', giveUp)
      if (run.end === null) return reply.status(202).send(runView(run))
      if (run.end.error !== null) throw errorOfRecord(run.end.error)
      const results = await queryRuns.results(run.id)
      if (format !== 'json') return sendStream(reply, format, results, 0)
      const { statistics, ...view } = runView(run)
      return { ...view, statistics: statistics!, ...(await pageView(results, 0, MAX_PAGE_ROWS)) }
    },
  )

  server.post(
    '/v1/queries/estimate',
    {
      schema: {
        tags,
        description: 'What a query would read at most, without running it.',
        body: EstimateBody,
        response: { 200: Estimate },
      },
    },
    async ({ body, raw }) => {
      const gone = new AbortController()
      raw.socket.once('close', () => gone.abort())
      return await queryRuns.estimate(requestOf(body, clock.nowMs()), gone.signal)
    },
  )

  server.get(
    '/v1/queries',
    {
      schema: {
        tags,
        description: 'Queries of all instances, newest first.',
        querystring: Type.Object({
          before: Type.Optional(Type.String({ description: 'Id of the last one of the page before.' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
        }),
        response: {
          200: Type.Object({
            queries: Type.Array(QueryRun),
            next: Type.Union([Type.String(), Type.Null()], { description: '`before` of the next page.' }),
          }),
        },
      },
    },
    async ({ query: { before, limit = 100 } }) => {
      const views = await queryRuns.list({ limit, ...(before !== undefined && { before }) })
      return { queries: views.map(runView), next: views.length < limit ? null : views.at(-1)!.id }
    },
  )

  server.get(
    '/v1/queries/:id',
    {
      schema: {
        tags,
        params: Id,
        querystring: Type.Object({
          wait: Type.Optional(
            Type.Number({ minimum: 0, maximum: 300, description: 'Seconds to wait for its end, on its own instance.' }),
          ),
        }),
        response: { 200: QueryRun },
      },
    },
    async ({ params, query, raw }) => {
      const gone = new AbortController()
      raw.socket.once('close', () => gone.abort())
      return runView(await queryRuns.wait(params.id, (query.wait ?? 0) * 1000, gone.signal))
    },
  )

  server.get(
    '/v1/queries/:id/results',
    {
      schema: {
        tags,
        description:
          'A page of rows as JSON, or all from `after` on as NDJSON, CSV, Parquet or an Arrow stream by `format` or the Accept header.',
        params: Id,
        querystring: Type.Object({
          format: Type.Optional(Format),
          after: Type.Optional(Type.Integer({ minimum: 0, description: 'Rows to pass over: `next` of a page.' })),
          limit: Type.Optional(
            Type.Integer({ minimum: 1, maximum: MAX_PAGE_ROWS, description: 'Rows of a page; 1,000 if not given.' }),
          ),
        }),
        response: { 200: QueryPage },
      },
    },
    async ({ params, query, headers }, reply) => {
      const format = chooseFormat(query.format, headers.accept)
      const results = await queryRuns.results(params.id)
      const { after = 0, limit = PAGE_ROWS } = query
      return format === 'json' ? await pageView(results, after, limit) : sendStream(reply, format, results, after)
    },
  )

  server.post(
    '/v1/queries/:id/cancel',
    {
      schema: {
        tags,
        description:
          'Stops a query. One of another instance may go on for some seconds; one that has ended stays as it is.',
        params: Id,
        response: { 200: QueryRun },
      },
    },
    async ({ params }) => runView(await queryRuns.cancel(params.id)),
  )
}

function sendStream(reply: FastifyReply, format: StreamFormat, results: ResultReader, after: number) {
  reply.type(MEDIA_TYPES[format])
  // Not by the JSON schema of the route's other answer.
  reply.serializer((payload) => payload as string)
  return reply.send(Readable.from(writeResult(format, results.columns, results.from(after))))
}

function requestOf(body: Static<typeof EstimateBody>, nowMs: number): QueryRequest {
  const { engine, parameters = {}, window } = body
  const micros = (name: 'from' | 'until'): bigint | null => {
    const text = window?.[name]
    if (text === undefined) return null
    const time = parseTimestamp(text, nowMs)
    if (time !== null) return time
    throw new InvalidInputError('query-usage', `window.${name} is no time: ${text}.`, {
      remedy: `Write ${TIMESTAMP_FORMS}.`,
    })
  }
  return {
    ...oneStatement(body),
    parameters,
    ...(engine !== undefined && { engine }),
    ...(window !== undefined && { window: { fromMicros: micros('from'), untilMicros: micros('until') } }),
  }
}
