import { coldstreamSettings } from '../kit/coldstream-command.ts'
import { type BenchService, startService } from '../kit/coldstream-service.ts'
import { produce } from '../kit/produce.ts'
import { createTarget } from '../kit/replay-target.ts'
import { onStage } from '../kit/stage.ts'
import { countedCapture } from './capture-run.ts'
import { awaitFirstRecord } from './first-record.ts'
import type { Finding, Goal } from './goal.ts'

const segments = 10_000
const partitions = 8
const starts = 3
const goalSeconds = 1

/** From the request to a running service until a consumer sees the first record, of an archive of many small hours. */
export const replayFirstRecord: Goal = async ({ records }) => {
  const topic = 'orders-10000'
  // as many in each hour of each partition as a segment takes, so that none stays open
  const flushSize = Math.max(1, Math.floor(records / segments))
  const count = flushSize * segments
  const findings: Finding[] = []
  await onStage(async (stage) => {
    const { brokers } = stage.kafka
    const plan = { topic, records: count, partitions, hours: segments / partitions }
    await produce(brokers, { ...plan, shape: 'orders', codec: 'lz4' })
    const { place } = await countedCapture(stage, { topic, records: count, flushSize })
    const service = await startService(coldstreamSettings(stage, place), stage.folder)
    const found: FirstSeen[] = []
    try {
      for (let start = 1; start <= starts; start += 1) {
        const target = `${topic}-again-${start}`
        await createTarget(brokers, target, partitions)
        found.push(await untilFirstRecord(service, brokers, topic, target))
      }
    } finally {
      await service.stop()
    }
    const median = found.map(({ seen }) => seen).sort((a, b) => a - b)[Math.floor(starts / 2)]!
    const each = found.map(({ answered, seen }) => `${seen.toFixed(2)}, answered after ${answered.toFixed(2)}`)
    findings.push({
      what: `request to first record seen, ${segments} segments of ${flushSize} records, median of ${starts} in one service`,
      figure: `${median.toFixed(2)} s (${each.join('; ')})`,
      goal: `< ${goalSeconds} s`,
      met: median < goalSeconds,
    })
  })
  return findings
}

/** Seconds since the request. */
interface FirstSeen {
  /** The service has planned it and answered. */
  answered: number
  seen: number
}

async function untilFirstRecord(
  service: BenchService,
  brokers: readonly string[],
  topic: string,
  target: string,
): Promise<FirstSeen> {
  const first = await awaitFirstRecord(brokers, target)
  try {
    const startedAt = performance.now()
    const { id, plan } = await service.begin({ id: target, source: { topic }, target: { topic: target } })
    const answered = (performance.now() - startedAt) / 1000
    if (plan.segments < segments) throw new Error(`The archive has ${plan.segments} segments, not ${segments}`)
    const seen = ((await first.seenAt) - startedAt) / 1000
    await service.cancel(id)
    return { answered, seen }
  } finally {
    await first.close()
  }
}
