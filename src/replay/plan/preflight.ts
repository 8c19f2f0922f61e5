import type { TargetInfo } from '../../ports/event-log.ts'
import type { Finding } from './finding.ts'
import type { MissingRange } from './missing.ts'
import type { PlanOutcome, SourceFacts } from './plan.ts'

/** What stands against reading the sources, and against the targets' names. */
export function checkSources({ plan, sources }: PlanOutcome): Finding[] {
  const findings = sources.flatMap((facts, index) => checkSource(facts, plan.sources[index]!.target))
  if (plan.shares.length === 0) {
    findings.push({
      severity: 'error',
      code: 'selection-empty',
      message: `no archived record of ${sources.map(({ topic }) => topic).join(', ')} is selected`,
      remedy: 'Widen the selection; the list of topics shows which offsets and times are archived.',
    })
  }
  return findings
}

function checkSource({ topic, missing, unknownPartitions }: SourceFacts, target: string): Finding[] {
  const findings: Finding[] = []
  if (target === topic) {
    findings.push({
      severity: 'error',
      code: 'target-is-source',
      message: `the target ${target} is the source itself; its consumers would see every record again`,
      remedy: 'Name another topic as target.',
    })
  }
  if (unknownPartitions.length > 0) {
    findings.push({
      severity: 'error',
      code: 'partition-not-archived',
      message: `nothing is archived of partition ${unknownPartitions.join(', ')} of ${topic}`,
      remedy: 'Leave these partitions out, or capture them first.',
    })
  }
  const lost = missing.filter(({ reason }) => reason !== 'unarchived')
  if (lost.length > 0) {
    findings.push({
      severity: 'warning',
      code: 'gaps-in-range',
      message: `records of the range were lost before they could be archived: ${describe(lost)}`,
      remedy: 'Choose a range without them, or accept the gaps to replay what is there.',
    })
  }
  const unarchived = missing.filter(({ reason }) => reason === 'unarchived')
  if (unarchived.length > 0) {
    findings.push({
      severity: 'warning',
      code: 'range-not-archived',
      message: `offsets were asked for that are not archived: ${describe(unarchived)}`,
      remedy:
        'Wait until they are captured or ask for the archived range, or accept that only what is there is replayed.',
    })
  }
  return findings
}

/** The first few by name; a broken year may have thousands. */
function describe(missing: readonly MissingRange[]): string {
  const shown = missing.slice(0, 5).map(({ partition, firstOffset, lastOffset, reason }) => {
    return `partition ${partition} offsets ${firstOffset} to ${lastOffset} (${reason})`
  })
  if (missing.length > shown.length) shown.push(`and ${missing.length - shown.length} more ranges`)
  return shown.join(', ')
}

export interface TargetCheck {
  target: string
  /** Null: the topic does not exist and will be created. */
  info: TargetInfo | null
  /** Partitions that the target needs. */
  partitions: number
  /** The target holds what this very replay emitted before. */
  continued: boolean
}

/** What stands against writing into the target. */
export function checkTarget({ target, info, partitions, continued }: TargetCheck): Finding[] {
  if (info === null) return []
  // What surprises was accepted when the replay began, or is there for now only: a broker that is down.
  const hazards = continued ? info.hazards.filter(({ severity }) => severity === 'error') : info.hazards
  const findings: Finding[] = [...hazards]
  if (!info.empty && !continued) {
    findings.push({
      severity: 'error',
      code: 'target-not-empty',
      message: `the target ${target} holds records already`,
      remedy: 'Name a topic that is empty or does not exist: it is created.',
    })
  }
  if (info.partitions < partitions) {
    findings.push({
      severity: 'error',
      code: 'target-has-fewer-partitions',
      message: `the target ${target} has ${info.partitions} partitions, the replay writes into ${partitions}`,
      remedy: `Give the target ${partitions} partitions, or name a topic that does not exist: it is created.`,
    })
  } else if (info.partitions > partitions) {
    findings.push({
      severity: 'warning',
      code: 'target-has-more-partitions',
      message: `the target ${target} has ${info.partitions} partitions, the replay writes into ${partitions} of them, which is not where a producer would put their keys now`,
      remedy: `Give the target ${partitions} partitions when new records will be produced into it.`,
    })
  }
  return findings
}
