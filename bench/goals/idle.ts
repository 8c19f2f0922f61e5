import { setTimeout as sleep } from 'node:timers/promises'
import { type RunningCommand, startColdstream, succeeded } from '../../test/faults/kit/coldstream.ts'
import { writeConnector } from '../../test/faults/kit/connector.ts'
import { coldstreamSettings } from '../kit/coldstream-command.ts'
import { ProcessTree } from '../kit/process-tree.ts'
import { produce } from '../kit/produce.ts'
import { onStage } from '../kit/stage.ts'
import { countedCapture } from './capture-run.ts'
import type { Finding, Goal } from './goal.ts'

const partitions = 500
const recordsEach = 10
const flushSize = 1_000
/** Until it has read its logs and waits for records. */
const settleMs = 20_000
const watchMs = 60_000
const goalShare = 0.05

/** The share of a core that a running capture takes while 500 archived partitions get no records. */
export const idle: Goal = async () => {
  const topic = 'orders-500'
  const records = partitions * recordsEach
  const findings: Finding[] = []
  await onStage(async (stage) => {
    await produce(stage.kafka.brokers, { topic, records, shape: 'orders', codec: 'none', partitions, hours: 1 })
    const { place } = await countedCapture(stage, { topic, records, flushSize })
    const connector = await writeConnector(stage.folder, topic, flushSize)
    const running = startColdstream(['capture', connector], stage.folder, coldstreamSettings(stage, place))
    try {
      await passes(settleMs, running)
      const tree = new ProcessTree(running.process.pid!)
      tree.sample()
      const before = tree.cpuSeconds
      const startedAt = performance.now()
      await passes(watchMs, running)
      tree.sample()
      const share = (tree.cpuSeconds - before) / ((performance.now() - startedAt) / 1000)
      findings.push({
        what: `CPU of a running capture, ${partitions} idle partitions, over ${watchMs / 1000} s`,
        figure: `${(share * 100).toFixed(1)} % of a core`,
        goal: `< ${goalShare * 100} %`,
        met: share < goalShare,
      })
    } finally {
      running.process.kill('SIGTERM')
      succeeded('capture', await running.ended)
    }
  })
  return findings
}

/** Waits; throws when the capture ends meanwhile. */
async function passes(ms: number, running: RunningCommand): Promise<void> {
  const ended = await Promise.race([sleep(ms), running.ended])
  if (ended !== undefined) throw new Error(`The capture ended by itself with ${ended.code}: ${ended.stderr}`)
}
