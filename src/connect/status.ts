import type { RunStatus } from './connector-run.ts'
import type { RestartRequest, TargetState } from './registry-entry.ts'
import { traceOf } from './trace.ts'

/** Connect's words for the state of a connector or task. */
export type ConnectState = TargetState | 'FAILED' | 'UNASSIGNED' | 'RESTARTING'

/** A connector as this instance runs it. */
export interface ConnectorStatus {
  name: string
  state: ConnectState
  /** What stopped it; null while all is well. */
  trace: string | null
  /** `host:port` of this instance. */
  workerId: string
  tasks: TaskState[]
}

export interface TaskState {
  id: number
  state: ConnectState
  trace: string | null
}

/** Connect's view of what runs here: a paused connector keeps its tasks, a stopped one has none. */
export function connectorStatus(
  name: string,
  workerId: string,
  target: TargetState,
  here: RunStatus & { restingTasks: number },
): ConnectorStatus {
  if (target === 'STOPPED') return { name, workerId, state: 'STOPPED', trace: null, tasks: [] }
  const resting = (state: ConnectState): TaskState[] =>
    Array.from({ length: here.restingTasks }, (_, id) => ({ id, state, trace: null }))
  if (target === 'PAUSED') return { name, workerId, state: 'PAUSED', trace: null, tasks: resting('PAUSED') }
  const running = here.tasks.map(({ task, error }) => ({
    id: task,
    state: error === null ? ('RUNNING' as const) : ('FAILED' as const),
    trace: error === null ? null : traceOf(error),
  }))
  const trace = here.error === null ? null : traceOf(here.error)
  // between two runs, as in a restart, the tasks of the last one are still the connector's
  return { name, workerId, state: here.state, trace, tasks: running.length > 0 ? running : resting('UNASSIGNED') }
}

/** The status with what a restart is going to restart. */
export function restartingStatus(
  status: ConnectorStatus,
  { includeTasks, onlyFailed }: Omit<RestartRequest, 'seq'>,
): ConnectorStatus {
  const isMeant = ({ state }: { state: ConnectState }): boolean => !onlyFailed || state === 'FAILED'
  return {
    ...status,
    state: isMeant(status) ? 'RESTARTING' : status.state,
    tasks: status.tasks.map((task) => ({ ...task, state: includeTasks && isMeant(task) ? 'RESTARTING' : task.state })),
  }
}
