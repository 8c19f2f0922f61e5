import type { FastifyRequest } from 'fastify'
import type { Log } from '../ports/log.ts'

/** Logs what a request met, under the id that its answer tells. Never its body or headers, which may hold secrets. */
export function logFailure(log: Log, { id, method, url }: FastifyRequest, error: Error): void {
  log.error('a request failed', { request: id, method, path: url.split('?')[0], reason: error.stack ?? error.message })
}
