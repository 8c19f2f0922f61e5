import { Type } from 'typebox'
import { textConfig } from '../../connect/judge.ts'
import type { ConnectService } from '../../connect/service.ts'
import type { Server } from '../typed-server.ts'
import { readCreation, readPatch, withName } from './requests.ts'
import { Config, ConnectorInfo, ConnectorParams as Params, toConnectorInfo, toConnectorStateInfo } from './schemas.ts'

const Expand = Type.Object({
  expand: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())], { description: '`status`, `info`.' })),
})

/** What connectors there are, and what they are configured to do. */
export function connectorRoutes(server: Server, connectors: ConnectService, version: string): void {
  const tags = ['connect']
  /** Bodies are read by hand: every problem is told at once. */
  const anyBody = () => (body: unknown) => ({ value: body })

  server.get(
    '/connectors',
    { schema: { tags, querystring: Expand, description: 'Names; with `expand`, an object with more about each.' } },
    async ({ query: { expand } }) => {
      const all = await connectors.all()
      if (expand === undefined) return all.map(({ info }) => info.name)
      const wanted = [expand].flat()
      return Object.fromEntries(
        all.map(({ info, status }) => [
          info.name,
          {
            ...(wanted.includes('status') && { status: toConnectorStateInfo(status, version) }),
            ...(wanted.includes('info') && { info: toConnectorInfo(info) }),
          },
        ]),
      )
    },
  )

  server.post(
    '/connectors',
    {
      schema: { tags, body: Type.Unknown(), response: { 201: ConnectorInfo } },
      validatorCompiler: anyBody,
    },
    async ({ body }, reply) => {
      const { name, config, target } = readCreation(body)
      const info = await connectors.create(name, config, target)
      return reply
        .status(201)
        .header('location', `/connectors/${encodeURIComponent(name)}`)
        .send(toConnectorInfo(info))
    },
  )

  server.get(
    '/connectors/:connector',
    { schema: { tags, params: Params, response: { 200: ConnectorInfo } } },
    async ({ params }) => toConnectorInfo(await connectors.info(params.connector)),
  )

  server.delete('/connectors/:connector', { schema: { tags, params: Params } }, async ({ params }, reply) => {
    await connectors.remove(params.connector)
    return reply.status(204).send()
  })

  server.get(
    '/connectors/:connector/config',
    { schema: { tags, params: Params, response: { 200: Config } } },
    async ({ params }) => ({ ...(await connectors.info(params.connector)).config }),
  )

  server.put(
    '/connectors/:connector/config',
    {
      schema: { tags, params: Params, body: Type.Unknown(), response: { 200: ConnectorInfo, 201: ConnectorInfo } },
      validatorCompiler: anyBody,
    },
    async ({ params, body }, reply) => {
      const name = params.connector
      const { created, info } = await connectors.configure(name, withName(name, textConfig(body)))
      if (created) reply.header('location', `/connectors/${encodeURIComponent(name)}`)
      return reply.status(created ? 201 : 200).send(toConnectorInfo(info))
    },
  )

  server.patch(
    '/connectors/:connector/config',
    {
      schema: { tags, params: Params, body: Type.Unknown(), response: { 200: ConnectorInfo } },
      validatorCompiler: anyBody,
    },
    async ({ params, body }) =>
      toConnectorInfo(await connectors.patch(params.connector, readPatch(params.connector, body))),
  )
}
