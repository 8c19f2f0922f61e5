import { cleanEnvironment } from '../../test/faults/kit/coldstream.ts'
import { writeConnector } from '../../test/faults/kit/connector.ts'
import type { Place } from '../../test/faults/kit/place.ts'
import { builtColdstreamArgs, coldstreamSettings } from './coldstream-command.ts'
import { type Measured, measure } from './measure.ts'
import type { BenchStage } from './stage.ts'

/** `coldstream capture --until-end` on a topic; answers also its own time for the work, without its start. */
export async function captureToEnd(
  stage: BenchStage,
  place: Place,
  topic: string,
  flushSize: number,
): Promise<Measured & { workSeconds: number }> {
  const connector = await writeConnector(stage.folder, topic, flushSize)
  const command = builtColdstreamArgs(['--json', 'capture', connector, '--until-end'])
  const env = cleanEnvironment(coldstreamSettings(stage, place))
  const measured = await measure(process.execPath, command, { cwd: stage.folder, env })
  const { seconds } = JSON.parse(measured.stdout) as { seconds: number }
  return { ...measured, workSeconds: seconds }
}
