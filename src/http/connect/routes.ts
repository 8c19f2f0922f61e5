import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { InvalidInputError } from '../../errors.ts'
import type { Services } from '../../services.ts'
import { connectorRoutes } from './connectors.ts'
import { registerConnectErrors } from './errors.ts'
import { offsetRoutes } from './offsets.ts'
import { pluginRoutes } from './plugins.ts'
import { runningRoutes } from './running.ts'

const ServerInfo = Type.Object(
  { version: Type.String(), commit: Type.String(), kafka_cluster_id: Type.Union([Type.String(), Type.Null()]) },
  { description: 'What a worker of Kafka Connect says of itself.' },
)

/**
 * Kafka Connect's REST API, with its paths, shapes, status codes and words, errors included.
 * https://kafka.apache.org/documentation/#connect_rest
 */
export async function connectRoutes(server: FastifyInstance, services: Services, version: string): Promise<void> {
  await server.register(async (scope) => {
    registerConnectErrors(scope, services.log)
    // clients of Connect name a content type even where they send nothing
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, parseBody)
    const typed = scope.withTypeProvider<TypeBoxTypeProvider>()
    typed.get('/', { schema: { tags: ['connect'], response: { 200: ServerInfo } } }, async () => ({
      version,
      // as Kafka says of a build that does not know its commit
      commit: 'Unknown',
      kafka_cluster_id: await (await services.eventLog()).clusterId(),
    }))
    connectorRoutes(typed, services.connectors, version)
    runningRoutes(typed, services.connectors, version)
    offsetRoutes(typed, services.connectors)
    pluginRoutes(typed, services.connectors, version)
  })
}

async function parseBody(_request: FastifyRequest, body: string | Buffer): Promise<unknown> {
  if (body.length === 0) return undefined
  try {
    return JSON.parse(String(body))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidInputError('connect-request-invalid', `the request is not JSON: ${why}`, {
      remedy: 'Correct the body at that place.',
      cause,
    })
  }
}
