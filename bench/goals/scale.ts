import { dataSets } from '../kit/data-sets.ts'
import { produce } from '../kit/produce.ts'
import { onStage } from '../kit/stage.ts'
import { countedCapture } from './capture-run.ts'
import { type Finding, type Goal, memoryFinding } from './goal.ts'

const growth = 10
const flushSize = 100_000
const goalBytes = 1e9
/** A run that is ten times as long may cost so much less of a record, never more than this much more. */
const leastShare = 0.9

/** Peak memory and cost per record of a topic, and of one ten times as long. */
export const scale: Goal = async ({ records }) => {
  const findings: Finding[] = []
  const cpuRates: number[] = []
  for (const count of [records, records * growth]) {
    await onStage(async (stage) => {
      const topic = `orders-${count}`
      const { description, ...plan } = dataSets['orders-lz4']!
      await produce(stage.kafka.brokers, { topic, records: count, ...plan })
      const { measured } = await countedCapture(stage, { topic, records: count, flushSize })
      findings.push(memoryFinding(`peak memory, ${count} records (${description})`, measured.peakBytes, goalBytes))
      cpuRates.push(count / measured.cpuSeconds)
    })
  }
  const [short, long] = cpuRates as [number, number]
  findings.push({
    what: `records per CPU second, ${records * growth} records against ${records}`,
    figure: `${thousands(long)} against ${thousands(short)}: ${(long / short).toFixed(2)} times`,
    goal: `>= ${leastShare} times`,
    met: long / short >= leastShare,
  })
  return findings
}

const thousands = (rate: number): string => `${Math.round(rate / 1000)} k`
