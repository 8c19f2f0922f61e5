import { Type } from 'typebox'
import { textConfig } from '../../connect/judge.ts'
import type { ConnectService } from '../../connect/service.ts'
import { InvalidInputError, NotFoundError } from '../../errors.ts'
import type { Server } from '../typed-server.ts'
import { ConfigInfos, ConfigKeyInfo, configInfos, configKeyInfos } from './config-infos.ts'

const sink = 'io.confluent.connect.s3.S3SinkConnector'

const Params = Type.Object({ plugin: Type.String() })

const PluginInfo = Type.Object({ class: Type.String(), type: Type.Literal('sink'), version: Type.String() })

/** The one plugin there is, by the name of the sink that it takes the place of. */
export function pluginRoutes(server: Server, connectors: ConnectService, version: string): void {
  const tags = ['connect']

  server.get('/connector-plugins', { schema: { tags, response: { 200: Type.Array(PluginInfo) } } }, () => [
    { class: sink, type: 'sink' as const, version },
  ])

  server.get(
    '/connector-plugins/:plugin/config',
    { schema: { tags, params: Params, response: { 200: Type.Array(ConfigKeyInfo) } } },
    ({ params }) => {
      requirePlugin(params.plugin)
      return configKeyInfos()
    },
  )

  server.put(
    '/connector-plugins/:plugin/config/validate',
    {
      schema: {
        tags,
        params: Params,
        body: Type.Unknown(),
        response: { 200: ConfigInfos },
        description: 'Says of every property how it fares here, and what is wrong with those that are given.',
      },
      validatorCompiler: () => (body: unknown) => ({ value: body }),
    },
    ({ params, body }) => {
      requirePlugin(params.plugin)
      const config = textConfig(body)
      const type = config['connector.class']
      if (type !== undefined && !isSink(type)) throw otherType(type, params.plugin)
      return configInfos(sink, config, connectors.judge(config).problems)
    },
  )
}

/** As Connect does: the whole name, the class alone, or without `Connector` at its end. */
function isSink(name: string): boolean {
  return [sink, 'S3SinkConnector', 'S3Sink'].includes(name)
}

function requirePlugin(name: string): void {
  if (isSink(name)) return
  throw new NotFoundError('plugin-not-found', `Unknown plugin ${name}.`, { remedy: `There is one: ${sink}.` })
}

function otherType(type: string, plugin: string): InvalidInputError {
  return new InvalidInputError(
    'plugin-mismatch',
    `Included connector type ${type} does not match request type ${plugin}`,
    { remedy: `Leave connector.class out, or name ${sink}.` },
  )
}
