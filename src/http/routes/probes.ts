import { Type } from 'typebox'
import { ColdstreamError } from '../../errors.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'

const Live = Type.Object({ status: Type.Literal('ok') }, { description: 'The process answers.' })

const Ready = Type.Object(
  {
    status: Type.Union([Type.Literal('ready'), Type.Literal('not ready')]),
    checks: Type.Record(Type.String(), Type.String({ description: '`ok`, or what is wrong.' })),
  },
  { description: 'Whether store and broker can be reached.' },
)

/** `/livez` and `/readyz`, for whoever restarts and routes; never behind a key. */
export function probeRoutes(server: Server, services: Services): void {
  server.get('/livez', { schema: { tags: ['service'], response: { 200: Live } } }, () => ({ status: 'ok' as const }))
  server.get('/readyz', { schema: { tags: ['service'], response: { 200: Ready, 503: Ready } } }, async (_, reply) => {
    const [store, broker] = await Promise.all([
      // any path does: the answer that there is no such object comes from the store
      verdict(() => services.store.head('catalog/readyz')),
      verdict(async () => (await services.eventLog()).describe([])),
    ])
    const ready = store === 'ok' && broker === 'ok'
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks: { store, broker } })
  })
}

async function verdict(check: () => Promise<unknown>): Promise<string> {
  try {
    await check()
    return 'ok'
  } catch (error) {
    if (error instanceof ColdstreamError) return error.message
    throw error
  }
}
