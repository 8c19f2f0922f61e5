import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { ColdstreamError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import { isConnectPath, sendConnectError } from './connect/errors.ts'
import { logFailure } from './log-failure.ts'

/** An error as RFC 9457 (Problem Details for HTTP APIs) writes it, with the remedy as an extension member. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Names the kind of problem; stable.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong, and where.' }),
    instance: Type.String({ description: 'The request that met it.' }),
    code: Type.String({ description: 'Last part of `type`, for programs.' }),
    remedy: Type.String({ description: 'What to do about it.' }),
    details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details.' },
)
export type Problem = Static<typeof Problem>

const typeBase = 'https://coldstream.dev/problems/'

/** Makes every error of every route a problem document; what is not one of ours is logged and told without its inside. */
export function registerProblems(server: FastifyInstance, log: Log): void {
  server.setErrorHandler((error: FastifyError | ColdstreamError, request, reply) => {
    const problem = toProblem(error, request)
    if (problem.status >= 500) logFailure(log, request, error)
    return send(reply, problem)
  })
  server.setNotFoundHandler((request, reply) => {
    const detail = `there is no ${request.method} ${request.url.split('?')[0]}`
    if (isConnectPath(request.url))
      return sendConnectError(reply, { error_code: 404, message: `HTTP 404 Not Found: ${detail}` })
    const remedy = 'The routes are listed in /openapi.json.'
    return send(reply, { ...head(404, 'route-not-found', request), detail, remedy })
  })
}

function send(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

function toProblem(error: FastifyError | ColdstreamError, request: FastifyRequest): Problem {
  if (error instanceof ColdstreamError) {
    const { message, remedy, details } = error
    return {
      ...head(error.httpStatus, error.code, request),
      detail: message,
      remedy,
      ...(Object.keys(details).length > 0 && { details }),
    }
  }
  const status = error.statusCode ?? 500
  if (status < 500) {
    const remedy = 'Correct the request; its schema is in /openapi.json.'
    return {
      ...head(status, error.validation ? 'request-invalid' : 'request-refused', request),
      detail: error.message,
      remedy,
    }
  }
  return {
    ...head(500, 'internal-error', request),
    detail: 'the service met an error of its own',
    remedy: `Look into its log for request ${request.id}.`,
  }
}

function head(
  status: number,
  code: string,
  request: FastifyRequest,
): Pick<Problem, 'type' | 'title' | 'status' | 'code' | 'instance'> {
  const words = code.replaceAll('-', ' ')
  return {
    type: typeBase + code,
    title: words[0]!.toUpperCase() + words.slice(1),
    status,
    code,
    instance: request.url.split('?')[0]!,
  }
}
