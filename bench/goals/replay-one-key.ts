import { startStoreProxy } from '../../test/kit/store-proxy.ts'
import { coldstreamSettings } from '../kit/coldstream-command.ts'
import { replayToEnd } from '../kit/coldstream-replay.ts'
import { judgeOrders, orderHash, ordersWhere } from '../kit/judge-orders.ts'
import { produce } from '../kit/produce.ts'
import { createTarget } from '../kit/replay-target.ts'
import { onStage } from '../kit/stage.ts'
import { countedCapture } from './capture-run.ts'
import type { Finding, Goal } from './goal.ts'

const growth = 10
const partitions = 8
const hours = 72
const flushSize = 100_000
const goalShare = 0.02
/** As `produce.py` has them. */
const startMs = Date.UTC(2026, 0, 14, 9)
const hourMs = 3_600_000
const keysOfHour = 10_000

/** The share of an archive's bytes that a replay of one key reads, where a key's records are all of one hour. */
export const replayOneKey: Goal = async ({ records }) => {
  const topic = 'orders'
  const target = 'orders-of-one-key'
  const count = records * growth
  const findings: Finding[] = []
  await onStage(async (stage) => {
    const { brokers } = stage.kafka
    await produce(brokers, { topic, records: count, shape: 'hour-keys', codec: 'lz4', partitions, hours })
    const { place } = await countedCapture(stage, { topic, records: count, flushSize })
    await createTarget(brokers, target, partitions)
    const keyOf = (seq: number): string => {
      const timestamp = startMs + Math.floor((seq * hours * hourMs) / count)
      return `${Math.floor(timestamp / hourMs)}-${String(orderHash(seq) % keysOfHour).padStart(4, '0')}`
    }
    const key = keyOf(Math.floor(count / 2))
    const proxy = await startStoreProxy(stage.s3.endpoint)
    let readBytes = 0
    let requests = 0
    proxy.handler = async (request, forward) => {
      const answer = await forward()
      if (request.method === 'GET') {
        readBytes += answer.body.length
        requests += 1
      }
      return answer
    }
    try {
      const settings = { ...coldstreamSettings(stage, place), COLDSTREAM_S3_ENDPOINT: proxy.endpoint }
      await replayToEnd({ topic, target, options: ['--key', key], settings, folder: stage.folder })
    } finally {
      await proxy.close()
    }
    const kept = ordersWhere(count, (seq) => keyOf(seq) === key)
    await judgeOrders(brokers, target, kept)
    const storedBytes = await place.bytes('topics/')
    const share = readBytes / storedBytes
    const read = `${(share * 100).toFixed(2)} % (${(readBytes / 1e6).toFixed(1)} of ${(storedBytes / 1e6).toFixed(0)} MB`
    findings.push({
      what: `bytes read for one key of ${count} records, ${hours} hours of ${keysOfHour} keys each; all that the store sent`,
      figure: `${read}, ${requests} requests)`,
      goal: `< ${goalShare * 100} %`,
      met: share < goalShare,
    })
  })
  return findings
}
