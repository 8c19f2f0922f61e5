/**
 * What Coldstream has to keep to, each on a real Kafka and MinIO: memory with many open segments and with long topics, a
 * flat cost per record, the cost of idle partitions, the time of a start; of replays the memory, the time to the first record,
 * and what a selection saves. Ends with 1 when a goal is missed.
 *
 * Run: `npm run bench:goals [-- --goal memory-partitions,scale,idle,start,replay-memory,replay-first-record,replay-filter,replay-one-key --records 2000000]`
 */
import { parseArgs } from 'node:util'
import type { Finding, Goal } from './goals/goal.ts'
import { idle } from './goals/idle.ts'
import { memoryPartitions } from './goals/memory-partitions.ts'
import { replayFilter } from './goals/replay-filter.ts'
import { replayFirstRecord } from './goals/replay-first-record.ts'
import { replayMemory } from './goals/replay-memory.ts'
import { replayOneKey } from './goals/replay-one-key.ts'
import { scale } from './goals/scale.ts'
import { start } from './goals/start.ts'
import { chosen, positiveInteger } from './kit/options.ts'
import { machineLine } from './kit/report.ts'

const goals: Readonly<Record<string, Goal>> = {
  'memory-partitions': memoryPartitions,
  scale,
  idle,
  start,
  'replay-memory': replayMemory,
  'replay-first-record': replayFirstRecord,
  'replay-filter': replayFilter,
  'replay-one-key': replayOneKey,
}
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
