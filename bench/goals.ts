/**
 * What Coldstream has to keep to, each on a real Kafka and MinIO: memory with many open segments and with long topics, a
 * flat cost per record, the cost of idle partitions, the time of a start. Ends with 1 when a goal is missed.
 *
 * Run: `npm run bench:goals [-- --goal memory-partitions,scale,idle,start --records 2000000]`
 */
import { parseArgs } from 'node:util'
import type { Finding, Goal } from './goals/goal.ts'
import { idle } from './goals/idle.ts'
import { memoryPartitions } from './goals/memory-partitions.ts'
import { scale } from './goals/scale.ts'
import { start } from './goals/start.ts'
import { chosen, positiveInteger } from './kit/options.ts'
import { machineLine } from './kit/report.ts'

const goals: Readonly<Record<string, Goal>> = { 'memory-partitions': memoryPartitions, scale, idle, start }
const { values: args } = parseArgs({
  options: {
    goal: { type: 'string', default: Object.keys(goals).join(',') },
    records: { type: 'string', default: '2000000' },
  },
})
const records = positiveInteger('records', args.records)

const findings: Finding[] = []
for (const [name, goal] of chosen('goal', args.goal, goals)) {
  console.error(`${name} …`)
  try {
    findings.push(...(await goal({ records })))
  } catch (error) {
    findings.push({
      what: name,
      figure: `failed: ${error instanceof Error ? error.message : error}`,
      goal: '',
      met: false,
    })
  }
}
console.log(`${machineLine()}\n\n| measured | figure | goal | |\n|---|---|---|---|`)
for (const { what, figure, goal, met } of findings) {
  console.log(`| ${what} | ${figure} | ${goal} | ${met ? 'met' : 'missed'} |`)
}
if (findings.some(({ met }) => !met)) process.exitCode = 1
