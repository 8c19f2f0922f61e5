import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import type { Services } from '../services.ts'
import { registerAuth } from './auth.ts'
import { connectRoutes } from './connect/routes.ts'
import { Problem, registerProblems } from './problem.ts'
import { handoverRoutes } from './routes/handover.ts'
import { headroomRoutes } from './routes/headroom.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { probeRoutes } from './routes/probes.ts'
import { queryRoutes } from './routes/queries.ts'
import { replayRoutes } from './routes/replays.ts'
import { selectionRoutes } from './routes/selections.ts'
import { topicRoutes } from './routes/topics.ts'
import { upcasterRoutes } from './routes/upcasters.ts'
import { createServer } from './typed-server.ts'

/** The REST API over the services, not listening yet: tests inject requests. */
export async function buildServer(services: Services, version: string): Promise<FastifyInstance> {
  const server = createServer()
  registerProblems(server, services.log)
  registerAuth(server, services.config.http.apiKeys)
  server.addSchema(Problem)
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Coldstream',
        version,
        description:
          'Event archive and replay. Every error is an RFC 9457 problem document (application/problem+json); those of the routes tagged `connect` have the shape of Kafka Connect’s API, `{"error_code": …, "message": …}`.',
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      },
      ...(services.config.http.apiKeys.length > 0 && { security: [{ bearer: [] }, { apiKey: [] }] }),
    },
  })
  probeRoutes(server, services)
  metricsRoutes(server, services)
  topicRoutes(server, services)
  headroomRoutes(server, services)
  replayRoutes(server, services)
  handoverRoutes(server, services)
  selectionRoutes(server, services)
  upcasterRoutes(server, services)
  queryRoutes(server, services)
  await connectRoutes(server, services, version)
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger())
  await server.ready()
  return server
}
