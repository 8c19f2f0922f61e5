import { Type } from 'typebox'
import type { ConnectService } from '../../connect/service.ts'
import type { Server } from '../typed-server.ts'
import { readOffsets } from './requests.ts'
import { ConnectorOffsets, Message, ConnectorParams as Params } from './schemas.ts'

/** Where the archive stands in a connector's topics. */
export function offsetRoutes(server: Server, connectors: ConnectService): void {
  const tags = ['connect']

  server.get(
    '/connectors/:connector/offsets',
    { schema: { tags, params: Params, response: { 200: ConnectorOffsets }, description: 'By the commit logs.' } },
    async ({ params }) => ({
      offsets: (await connectors.offsets(params.connector)).map(({ topic, partition, next }) => ({
        partition: { kafka_topic: topic, kafka_partition: partition },
        offset: { kafka_offset: next },
      })),
    }),
  )

  server.patch(
    '/connectors/:connector/offsets',
    {
      schema: {
        tags,
        params: Params,
        body: Type.Unknown(),
        response: { 200: Message },
        description: 'Moves partitions of a stopped connector forward; what is passed over becomes a gap.',
      },
      // read by hand, in Connect's words
      validatorCompiler: () => (body: unknown) => ({ value: body }),
    },
    async ({ params, body }) => {
      await connectors.alterOffsets(params.connector, readOffsets(body))
      return { message: 'The offsets for this connector have been altered successfully' }
    },
  )

  server.delete(
    '/connectors/:connector/offsets',
    {
      schema: { tags, params: Params, response: { 200: Message }, description: 'Refused when anything is archived.' },
    },
    async ({ params }) => {
      await connectors.resetOffsets(params.connector)
      return { message: 'The offsets for this connector have been reset successfully' }
    },
  )
}
