import { captureToEnd } from '../kit/coldstream-capture.ts'
import { produce } from '../kit/produce.ts'
import { onStage } from '../kit/stage.ts'
import { countedCapture } from './capture-run.ts'
import type { Finding, Goal } from './goal.ts'

const partitions = 200
/** Segments that each partition's log tells of. */
const segmentsEach = 10
const starts = 3
const goalSeconds = 5

/** From process start to end of a capture to the end of a topic that is archived already: what a start costs. */
export const start: Goal = async ({ records }) => {
  const topic = 'orders-200'
  const flushSize = Math.ceil(records / partitions / segmentsEach)
  const findings: Finding[] = []
  await onStage(async (stage) => {
    await produce(stage.kafka.brokers, { topic, records, shape: 'orders', codec: 'lz4', partitions, hours: 1 })
    const { place } = await countedCapture(stage, { topic, records, flushSize })
    const seconds: number[] = []
    for (let round = 0; round < starts; round += 1) {
      seconds.push((await captureToEnd(stage, place, topic, flushSize)).wallSeconds)
    }
    const median = seconds.toSorted((a, b) => a - b)[Math.floor(starts / 2)]!
    findings.push({
      what: `whole process on ${partitions} archived partitions of ${segmentsEach} segments each, median of ${starts}`,
      figure: `${median.toFixed(1)} s`,
      goal: `< ${goalSeconds} s`,
      met: median < goalSeconds,
    })
  })
  return findings
}
