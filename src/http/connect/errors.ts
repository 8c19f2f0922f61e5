import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { ColdstreamError } from '../../errors.ts'
import type { Log } from '../../ports/log.ts'
import { logFailure } from '../log-failure.ts'

/** An error as Kafka Connect tells it (org.apache.kafka.connect.runtime.rest.entities.ErrorMessage). */
export const ErrorMessage = Type.Object(
  { error_code: Type.Integer(), message: Type.String() },
  { $id: 'ConnectError', description: 'An error of Kafka Connect’s API.' },
)
type ErrorMessage = Static<typeof ErrorMessage>

/** Whether a path belongs to Kafka Connect's API. */
export function isConnectPath(url: string): boolean {
  return /^\/(?:connectors|connector-plugins)?(?:[/?]|$)/.test(url)
}

/** Answers every error of the routes of this scope in Connect's shape; what is not one of ours is logged. */
export function registerConnectErrors(scope: FastifyInstance, log: Log): void {
  scope.setErrorHandler((error: FastifyError | ColdstreamError, request: FastifyRequest, reply) => {
    const message = toMessage(error, request)
    if (message.error_code >= 500) logFailure(log, request, error)
    return sendConnectError(reply, message)
  })
}

export function sendConnectError(reply: FastifyReply, message: ErrorMessage): FastifyReply {
  if (message.error_code === 401) reply.header('www-authenticate', 'Bearer')
  // what the route declares for success would leave the message out
  return reply.status(message.error_code).type('application/json').serializer(JSON.stringify).send(message)
}

function toMessage(error: FastifyError | ColdstreamError, request: FastifyRequest): ErrorMessage {
  if (error instanceof ColdstreamError)
    return { error_code: error.httpStatus, message: `${error.message}\n${error.remedy}` }
  const status = error.statusCode ?? 500
  if (status < 500) return { error_code: status, message: `HTTP ${status} ${STATUS_CODES[status]}: ${error.message}` }
  return { error_code: 500, message: `The service met an error of its own; its log tells of request ${request.id}.` }
}
