import { Type } from 'typebox'
import { unknownTask } from '../../connect/refusals.ts'
import type { ConnectService } from '../../connect/service.ts'
import type { Server } from '../typed-server.ts'
import { sendConnectError } from './errors.ts'
import { isTrue } from './requests.ts'
import {
  ConnectorStateInfo,
  ConnectorParams as Params,
  TaskInfo,
  TaskState,
  toConnectorStateInfo,
  toTaskState,
} from './schemas.ts'

const TaskParams = Type.Object({ connector: Type.String(), task: Type.String() })

const RestartQuery = Type.Object({
  includeTasks: Type.Optional(Type.String({ description: '`true`: tasks too.' })),
  onlyFailed: Type.Optional(Type.String({ description: '`true`: only what has failed.' })),
})

/** How connectors fare, and making them pause, stop, go on and begin anew. */
export function runningRoutes(server: Server, connectors: ConnectService, version: string): void {
  const tags = ['connect']

  server.get(
    '/connectors/:connector/status',
    { schema: { tags, params: Params, response: { 200: ConnectorStateInfo } } },
    async ({ params }) => toConnectorStateInfo(await connectors.status(params.connector), version),
  )

  for (const [action, target, status] of [
    ['pause', 'PAUSED', 202],
    ['resume', 'RUNNING', 202],
    ['stop', 'STOPPED', 204],
  ] as const) {
    server.put(`/connectors/:connector/${action}`, { schema: { tags, params: Params } }, async ({ params }, reply) => {
      await connectors.setTarget(params.connector, target)
      return reply.status(status).send()
    })
  }

  server.post(
    '/connectors/:connector/restart',
    {
      schema: {
        tags,
        params: Params,
        querystring: RestartQuery,
        response: { 202: ConnectorStateInfo, 204: Type.Null() },
      },
    },
    async ({ params, query }, reply) => {
      const wish = { includeTasks: isTrue(query.includeTasks), onlyFailed: isTrue(query.onlyFailed) }
      const restarting = await connectors.restart(params.connector, wish)
      if (!wish.includeTasks && !wish.onlyFailed) return reply.status(204).send(null)
      return reply.status(202).send(toConnectorStateInfo(restarting, version))
    },
  )

  server.get(
    '/connectors/:connector/tasks',
    { schema: { tags, params: Params, response: { 200: Type.Array(TaskInfo) } } },
    async ({ params }) => {
      const { name, config, tasks } = await connectors.info(params.connector)
      const taskConfig = { ...config, 'task.class': 'io.confluent.connect.s3.S3SinkTask' }
      return tasks.map((task) => ({ id: { connector: name, task }, config: taskConfig }))
    },
  )

  server.get(
    '/connectors/:connector/tasks/:task/status',
    { schema: { tags, params: TaskParams, response: { 200: TaskState } } },
    async ({ params: { connector, task } }) => {
      const { tasks, workerId } = await connectors.status(connector)
      const found = tasks.find(({ id }) => String(id) === task)
      if (found === undefined) throw unknownTask(connector, task)
      return toTaskState(found, workerId, version)
    },
  )

  server.post(
    '/connectors/:connector/tasks/:task/restart',
    { schema: { tags, params: TaskParams } },
    async ({ params: { connector, task } }, reply) => {
      await connectors.restartTask(connector, task)
      return reply.status(204).send()
    },
  )

  server.get(
    '/connectors/:connector/topics',
    {
      schema: {
        tags,
        params: Params,
        response: { 200: Type.Record(Type.String(), Type.Object({ topics: Type.Array(Type.String()) })) },
        description: 'Topics of the connector that are archived.',
      },
    },
    async ({ params: { connector } }) => ({ [connector]: { topics: await connectors.topics(connector) } }),
  )

  server.put('/connectors/:connector/topics/reset', { schema: { tags, params: Params } }, (_, reply) =>
    sendConnectError(reply, {
      error_code: 403,
      message: 'Topic tracking reset is disabled.\nThe archive keeps its history: what is archived stays listed.',
    }),
  )
}
