import { type Static, Type } from 'typebox'
import type { ConnectorInfo as Info } from '../../connect/service.ts'
import type { ConnectorStatus } from '../../connect/status.ts'

/** Shapes of Kafka Connect's REST API: org.apache.kafka.connect.runtime.rest.entities of Kafka 4. */

export const ConnectorParams = Type.Object({ connector: Type.String() })

export const Config = Type.Record(Type.String(), Type.String(), { description: 'Secrets are hidden.' })

const TaskId = Type.Object({ connector: Type.String(), task: Type.Integer() })
const type = Type.Literal('sink')

export const ConnectorInfo = Type.Object({ name: Type.String(), config: Config, tasks: Type.Array(TaskId), type })

const state = {
  state: Type.Enum(['RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'UNASSIGNED', 'RESTARTING']),
  worker_id: Type.String({ description: '`host:port` of the instance that answers.' }),
  version: Type.String(),
  trace: Type.Optional(Type.String({ description: 'What stopped it, and what to do.' })),
}

export const TaskState = Type.Object({ id: Type.Integer(), ...state })

export const ConnectorStateInfo = Type.Object({
  name: Type.String(),
  connector: Type.Object(state),
  tasks: Type.Array(TaskState, { description: 'The threads of the instance that answers.' }),
  type,
})

export const TaskInfo = Type.Object({ id: TaskId, config: Config })

export const ConnectorOffsets = Type.Object({
  offsets: Type.Array(
    Type.Object({
      partition: Type.Object({ kafka_topic: Type.String(), kafka_partition: Type.Integer() }),
      offset: Type.Object({ kafka_offset: Type.Unsafe<bigint>({ type: 'integer' }) }),
    }),
  ),
})

export const Message = Type.Object({ message: Type.String() })

export function toConnectorInfo({ name, config, tasks }: Info): Static<typeof ConnectorInfo> {
  return { name, config: { ...config }, tasks: tasks.map((task) => ({ connector: name, task })), type: 'sink' }
}

/** `version` is that of the plugin, which is Coldstream's. */
export function toConnectorStateInfo(status: ConnectorStatus, version: string): Static<typeof ConnectorStateInfo> {
  const { name, state, trace, workerId, tasks } = status
  return {
    name,
    connector: { state, worker_id: workerId, version, ...(trace !== null && { trace }) },
    tasks: tasks.map((task) => toTaskState(task, workerId, version)),
    type: 'sink',
  }
}

export function toTaskState(
  { id, state, trace }: ConnectorStatus['tasks'][number],
  workerId: string,
  version: string,
): Static<typeof TaskState> {
  return { id, state, worker_id: workerId, version, ...(trace !== null && { trace }) }
}
