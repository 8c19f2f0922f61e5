import { fileURLToPath } from 'node:url'
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

/** One run of several in the same process: its own time, and CPU time of all threads meanwhile. */
export interface RunSeconds {
  seconds: number
  cpuSeconds: number
}

/**
 * Captures a topic twice in one process, which is a service that has been at work: first into another bucket, then into the
 * place. Answers what the second took; the memory is that of the process.
 */
export async function captureTwice(
  stage: BenchStage,
  place: Place,
  bucket: string,
  topic: string,
  flushSize: number,
): Promise<RunSeconds & { peakBytes: number }> {
  const first = `${bucket}-first`
  await stage.bucket(first)
  const files: string[] = []
  for (const name of [first, bucket])
    files.push(await writeConnector(stage.folder, topic, flushSize, { 's3.bucket.name': name }, name))
  // no store is configured, so that each connector has its own
  const { COLDSTREAM_STORE: _, ...settings } = coldstreamSettings(stage, place)
  const script = fileURLToPath(new URL('./capture-twice.ts', import.meta.url))
  const { stdout, peakBytes } = await measure(process.execPath, [script, ...files], {
    cwd: stage.folder,
    env: cleanEnvironment(settings),
  })
  return { ...(JSON.parse(stdout) as RunSeconds), peakBytes }
}
