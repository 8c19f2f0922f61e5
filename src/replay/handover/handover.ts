import type { Finding } from '../plan/finding.ts'
import type { LiveOffset } from './live-offsets.ts'
import type { Replayed } from './replayed.ts'

/** Where live consumption goes on after a replay: JSON-ready, offsets as decimal strings. */
export interface Handover {
  replay: string
  sources: HandoverSource[]
  targets: HandoverTarget[]
  /** What a consumer should know; as long as one is an `error`, nothing is committed for a group. */
  warnings: Finding[]
}

export interface HandoverSource {
  topic: string
  incarnation: number
  /** `offset`: the first one that a consumer takes live. Ascending by partition. */
  partitions: { partition: number; offset: string }[]
}

/** What the replay wrote. A reader whose position has reached `endOffset` everywhere has seen all of it. */
export interface HandoverTarget {
  topic: string
  /** Transaction markers have offsets too, so `endOffset` may lie above the offset after the last record. */
  partitions: { partition: number; endOffset: string }[]
}

/** How records that come live differ from those that were replayed. */
export function differencesOf({ isFiltered, isChanged }: Replayed): Finding[] {
  const findings: Finding[] = []
  if (isFiltered) {
    findings.push({
      severity: 'warning',
      code: 'selection-filtered',
      message: 'the replay left records out by key, header or condition; live, every record comes',
      remedy: 'Let the consumer leave out the same ones.',
    })
  }
  if (isChanged) {
    findings.push({
      severity: 'warning',
      code: 'records-changed',
      message: 'the replay changed records on the way; live, they come as they were written',
      remedy: 'Let the consumer understand both, or change them in the same way.',
    })
  }
  return findings
}

/** What stands against going on at these offsets of a topic. */
export function troublesOf(topic: string, offsets: readonly LiveOffset[]): Finding[] {
  const findings: Finding[] = []
  const gone = offsets.filter(({ trouble }) => trouble === 'gone')
  if (gone.length > 0) {
    findings.push({
      severity: 'error',
      code: 'offset-gone',
      message: `the broker deleted records of ${topic} that come after the replay: ${describe(gone)} and on`,
      remedy: `Replay what was archived since (offsets.from), into another topic, and hand over from there; or start the replay again with to: 'live'.`,
    })
  }
  const beyond = offsets.filter(({ trouble }) => trouble === 'beyond-end')
  if (beyond.length > 0) {
    findings.push({
      severity: 'error',
      code: 'offset-beyond-end',
      message: `the broker's ${topic} ends before what was replayed: ${describe(beyond)}`,
      remedy:
        'Find out why the broker lost records (coldstream verify shows the archive’s side); new records will take their offsets.',
    })
  }
  const late = offsets.filter(({ trouble }) => trouble === 'started-late')
  if (late.length > 0) {
    findings.push({
      severity: 'warning',
      code: 'partition-not-replayed',
      message: `nothing was archived of these partitions of ${topic} when the replay was planned, and their first records are gone: ${describe(late)}`,
      remedy: 'Look whether they are archived by now, and replay these partitions on their own.',
    })
  }
  return findings
}

/** The first few by name; a topic may have thousands of partitions. */
function describe(offsets: readonly LiveOffset[]): string {
  const shown = offsets.slice(0, 5).map(({ partition, offset }) => `partition ${partition} offset ${offset}`)
  if (offsets.length > shown.length) shown.push(`and ${offsets.length - shown.length} more partitions`)
  return shown.join(', ')
}
