import { produce } from '../kit/produce.ts'
import { onStage } from '../kit/stage.ts'
import { countedCapture } from './capture-run.ts'
import { type Finding, type Goal, memoryFinding } from './goal.ts'

const partitions = 200
const hours = 3
const goalBytes = 1.5e9
/** More than any segment gets, so that all of them stay open to the end. */
const flushSize = 10_000_000

/** Peak memory while 200 partitions have three hours open each. */
export const memoryPartitions: Goal = async ({ records }) => {
  const topic = 'orders-200'
  const findings: Finding[] = []
  await onStage(async (stage) => {
    await produce(stage.kafka.brokers, {
      topic,
      records,
      shape: 'orders',
      codec: 'lz4',
      partitions,
      hours,
      interleaved: true,
    })
    const { measured } = await countedCapture(stage, { topic, records, flushSize })
    const what = `peak memory, ${partitions} partitions x ${hours} open hours, ${records} records`
    findings.push(memoryFinding(what, measured.peakBytes, goalBytes))
  })
  return findings
}
