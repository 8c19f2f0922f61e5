import { cleanEnvironment } from '../../test/faults/kit/coldstream.ts'
import { builtColdstreamArgs } from './coldstream-command.ts'
import { type Measured, measure } from './measure.ts'

export interface ReplayCommand {
  topic: string
  target: string
  /** Options of the command that select records. */
  options?: readonly string[]
  /** Settings of Coldstream, as variables. */
  settings: Readonly<Record<string, string>>
  /** A folder that holds no configuration. */
  folder: string
}

/** `coldstream replay` to its end; answers also its own time for the work, from the replay's creation to its end. */
export async function replayToEnd(replay: ReplayCommand): Promise<Measured & { workSeconds: number }> {
  const { topic, target, options = [], settings, folder } = replay
  const command = builtColdstreamArgs(['--json', 'replay', topic, '--to', target, '--id', target, ...options])
  const measured = await measure(process.execPath, command, { cwd: folder, env: cleanEnvironment(settings) })
  const { createdAt, updatedAt } = JSON.parse(measured.stdout) as { createdAt: string; updatedAt: string }
  return { ...measured, workSeconds: (Date.parse(updatedAt) - Date.parse(createdAt)) / 1000 }
}
