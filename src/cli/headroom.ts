import { type Headroom, type HeadroomLevel, severity, worstLevel } from '../archive/headroom/headroom.ts'
import type { HeadroomReport, TopicHeadroom } from '../archive/headroom/report.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { formatCount, number, renderTable, text, toJson } from './output.ts'

/** Between two looks: enough to tell a rate that a single look cannot. */
const secondLookMs = 2_000

/** `coldstream topics --headroom`: how long until retention deletes what is not archived, or not read by a group, yet. */
export async function headroomCommand({ output, services, signal }: CommandContext): Promise<ExitCode> {
  const { headroom, clock, store } = await services()
  let report = await headroom.look()
  if (report.topics.some(({ limits }) => limits.bytes !== null)) {
    await clock.sleep(secondLookMs, signal)
    report = await headroom.look()
  }
  if (output.json) {
    const { atMs, topics, failures, groupsKnown } = report
    output.line(toJson({ atMs, topics, failures, groupsKnown }))
    return 0
  }
  if (report.topics.length === 0 && report.failures.length === 0) {
    output.note(`No topic of ${store.url} is on the broker.`)
    return 0
  }
  const columns = [text('topic'), text('reader'), number('behind'), text('time to loss'), text('level')]
  output.line(renderTable(columns, report.topics.flatMap(rowsOf)))
  noteFailures(report, (line) => output.note(line))
  return 0
}

/** A line for the archive and one for each group that is behind. */
function rowsOf({ topic, partitions, groups }: TopicHeadroom): string[][] {
  const byGroup = [...Map.groupBy(groups, ({ group }) => group)]
  const rows = byGroup.map(([group, some]) => ({ reader: `group ${group}`, headrooms: some }))
  return [{ reader: 'archive', headrooms: partitions }, ...rows]
    .map(({ reader, headrooms }) => ({ reader, ...summaryOf(headrooms) }))
    .filter(({ reader, behind }) => reader === 'archive' || behind > 0n)
    .map(({ reader, behind, timeToLossMs, level }) => [
      topic,
      reader,
      formatCount(behind),
      durationText(timeToLossMs),
      level,
    ])
}

function summaryOf(headrooms: readonly Headroom[]): {
  behind: bigint
  timeToLossMs: number | null
  level: HeadroomLevel
} {
  const times = headrooms.map(({ timeToLossMs }) => timeToLossMs).filter((timeMs) => timeMs !== null)
  return {
    behind: headrooms.reduce((sum, { pendingRecords, lostRecords }) => sum + pendingRecords + lostRecords, 0n),
    timeToLossMs: times.length === 0 ? null : Math.min(...times),
    level: worstLevel(headrooms.map(({ level }) => level)),
  }
}

function noteFailures({ failures, groupsKnown, topics }: HeadroomReport, note: (line: string) => void): void {
  for (const { topic, message } of failures) note(`${topic}: not known: ${message}`)
  if (!groupsKnown) note('The broker does not let this client see groups.')
  const lost = topics.flatMap(({ partitions }) => partitions).filter(({ level }) => severity(level) === 3)
  for (const { topic, partition, archived, logStart } of lost) {
    note(`${topic}-${partition}: offsets ${archived} to ${logStart - 1n} were deleted before they were archived.`)
  }
}

/** The two largest units: `6d 4h`, `12m 3s`; `never` where nothing deletes. */
function durationText(ms: number | null): string {
  if (ms === null) return 'never'
  const seconds = Math.floor(ms / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  if (first < 0) return '0s'
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ')
}
