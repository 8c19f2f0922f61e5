import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { UnauthorizedError } from '../errors.ts'

/** A key that may call the API. Only its hash is known here. */
export interface ApiKey {
  /** Who uses it, for the log. */
  name: string
  /** SHA-256 of the key, hex. */
  sha256: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Name of the API key that the request came with; where none is asked for, `anonymous`. */
    caller: string
  }
}

/** Routes that a load balancer asks without a key. */
const open = new Set(['/livez', '/readyz'])

/**
 * Asks every route but the probes for a key, as `Authorization: Bearer <key>` or `X-API-Key: <key>`, or as the password of
 * `Authorization: Basic`, which is all that most clients of Kafka Connect can send. Without
 * configured keys nothing is asked; configuration then lets the service listen on loopback only.
 */
export function registerAuth(server: FastifyInstance, keys: readonly ApiKey[]): void {
  server.decorateRequest('caller', 'anonymous')
  if (keys.length === 0) return
  const known = keys.map((key) => ({ name: key.name, hash: Buffer.from(key.sha256, 'hex') }))
  server.addHook('onRequest', async (request) => {
    if (request.routeOptions.url !== undefined && open.has(request.routeOptions.url)) return
    const given = presented(request.headers)
    const hash = createHash('sha256')
      .update(given ?? '')
      .digest()
    // every key is compared, in constant time, so that the time taken tells nothing
    const matches = known.filter((key) => timingSafeEqual(key.hash, hash))
    if (given !== null && matches.length > 0) {
      request.caller = matches[0]!.name
      return
    }
    throw new UnauthorizedError(
      'api-key-required',
      given === null ? 'no API key was given' : 'the API key is not known',
      {
        remedy:
          'Send the key as "Authorization: Bearer <key>" or "X-API-Key: <key>", or as the password of basic authentication.',
      },
    )
  })
}

function presented(headers: Readonly<Record<string, string | string[] | undefined>>): string | null {
  const bearer = /^Bearer (.+)$/i.exec(String(headers.authorization ?? ''))
  if (bearer) return bearer[1]!.trim()
  const basic = /^Basic (.+)$/i.exec(String(headers.authorization ?? ''))
  if (basic)
    return Buffer.from(basic[1]!, 'base64')
      .toString('utf8')
      .replace(/^[^:]*:/, '')
  const key = headers['x-api-key']
  return typeof key === 'string' ? key : null
}
