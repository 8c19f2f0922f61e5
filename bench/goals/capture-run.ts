import type { Place } from '../../test/faults/kit/place.ts'
import { captureToEnd } from '../kit/coldstream-capture.ts'
import { countRows } from '../kit/count-rows.ts'
import type { Measured } from '../kit/measure.ts'
import type { BenchStage } from '../kit/stage.ts'

/** What is captured, and how many records there have to be in the archive. */
interface CaptureRun {
  topic: string
  records: number
  flushSize: number
}

/** Captures a topic to its end into a fresh bucket; throws unless DuckDB finds every record there, once. */
export async function countedCapture(
  stage: BenchStage,
  { topic, records, flushSize }: CaptureRun,
): Promise<{ measured: Measured; place: Place }> {
  const place = await stage.bucket(topic)
  const measured = await captureToEnd(stage, place, topic, flushSize)
  const { rows, distinct } = await countRows(await place.localFolder('topics/'))
  if (rows !== records || distinct !== records)
    throw new Error(`The archive holds ${rows} rows with ${distinct} distinct offsets of ${records} records`)
  return { measured, place }
}
