import { coldstreamSettings } from '../kit/coldstream-command.ts'
import { type BenchService, startService } from '../kit/coldstream-service.ts'
import { judgeAllOrders, judgeOrders, orderHash, ordersWhere } from '../kit/judge-orders.ts'
import { produce } from '../kit/produce.ts'
import { createTarget } from '../kit/replay-target.ts'
import { type BenchStage, onStage } from '../kit/stage.ts'
import { countedCapture } from './capture-run.ts'
import type { Finding, Goal } from './goal.ts'

const topic = 'orders'
const partitions = 8
const flushSize = 100_000
const goalTimes = 3

/** Selections that keep one record of a hundred, each with what it keeps. Their records are spread over all pages. */
const selections: Readonly<Record<string, { source: object; keeps: (seq: number) => boolean }>> = {
  keys: {
    source: { keys: { prefix: [0, 1, 2, 3, 4].map((thousand) => `ord-00000${thousand}`) } },
    keeps: (seq) => orderHash(seq) % 500_000 < 5_000,
  },
  headers: {
    source: { headers: [{ key: 'tenant', value: 't-00' }] },
    keeps: (seq) => orderHash(seq) % 500_000 < 5_000,
  },
  where: {
    source: { where: "json_extract_string(decode(record_value), '$.customerId') < 'c-000500'" },
    keeps: (seq) => orderHash(seq) % 50_000 < 500,
  },
}

/** How much faster a replay of 1 % of the records is than one of all, both asked of one running service. */
export const replayFilter: Goal = async ({ records }) => {
  const findings: Finding[] = []
  await onStage(async (stage) => {
    const { brokers } = stage.kafka
    await produce(brokers, { topic, records, shape: 'tenants', codec: 'lz4', partitions, hours: 2 })
    const { place } = await countedCapture(stage, { topic, records, flushSize })
    // a cache of its own, and empty: what a condition reads of the store counts
    const settings = { ...coldstreamSettings(stage, place), COLDSTREAM_QUERY_CACHE_FOLDER: `${stage.folder}/cache` }
    const service = await startService(settings, stage.folder)
    try {
      // once before the clock, so that no replay pays for the compiling of the code
      await replay(stage, service, 'warm-up', {})
      const full = await replay(stage, service, 'full', {})
      await judgeAllOrders(brokers, 'full', { records, partitions })
      for (const [name, { source, keeps }] of Object.entries(selections)) {
        findings.push(await selected(stage, service, name, { source, full, kept: ordersWhere(records, keeps) }))
      }
    } finally {
      await service.stop()
    }
  })
  return findings
}

interface Selected {
  source: object
  /** Seconds of the full replay. */
  full: number
  /** Numbers of the orders that are selected. */
  kept: readonly number[]
}

/** A selection that fails is a finding too: the others' figures are still worth having. */
async function selected(stage: BenchStage, service: BenchService, name: string, task: Selected): Promise<Finding> {
  const { source, full, kept } = task
  const what = `replay of 1 % by ${name} against one of everything`
  const goal = `>= ${goalTimes} times faster`
  try {
    const seconds = await replay(stage, service, name, source)
    await judgeOrders(stage.kafka.brokers, name, kept)
    const figure = `${seconds.toFixed(2)} s against ${full.toFixed(2)} s: ${(full / seconds).toFixed(1)} times`
    return { what, figure, goal, met: full / seconds >= goalTimes }
  } catch (error) {
    return { what, figure: `failed: ${error instanceof Error ? error.message : error}`, goal, met: false }
  }
}

/** Seconds from the request to the end. */
async function replay({ kafka }: BenchStage, service: BenchService, target: string, source: object): Promise<number> {
  await createTarget(kafka.brokers, target, partitions)
  const request = { id: target, source: { topic, ...source }, target: { topic: target } }
  return (await service.replayToEnd(request)).workSeconds
}
