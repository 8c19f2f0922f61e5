import { coldstreamSettings } from '../kit/coldstream-command.ts'
import { replayToEnd } from '../kit/coldstream-replay.ts'
import { dataSets } from '../kit/data-sets.ts'
import { judgeAllOrders } from '../kit/judge-orders.ts'
import { produce } from '../kit/produce.ts'
import { createTarget } from '../kit/replay-target.ts'
import { onStage } from '../kit/stage.ts'
import { countedCapture } from './capture-run.ts'
import { type Finding, type Goal, memoryFinding } from './goal.ts'

const growth = 10
const flushSize = 100_000
const goalBytes = 0.8e9

/** Peak memory of a replay of everything: ten times as many records as other goals have. */
export const replayMemory: Goal = async ({ records }) => {
  const topic = 'orders'
  const target = 'orders-again'
  const count = records * growth
  const { description, ...plan } = dataSets['orders-lz4']!
  const findings: Finding[] = []
  await onStage(async (stage) => {
    const { brokers } = stage.kafka
    await produce(brokers, { topic, records: count, ...plan })
    const { place } = await countedCapture(stage, { topic, records: count, flushSize })
    await createTarget(brokers, target, plan.partitions)
    const settings = coldstreamSettings(stage, place)
    const measured = await replayToEnd({ topic, target, settings, folder: stage.folder })
    await judgeAllOrders(brokers, target, { records: count, partitions: plan.partitions })
    const rate = Math.round(count / measured.workSeconds / 1000)
    const what = `peak memory of a replay of ${count} records (${description}; ${rate} k records/s)`
    findings.push(memoryFinding(what, measured.peakBytes, goalBytes))
  })
  return findings
}
