import type { Headroom, HeadroomLevel } from './headroom.ts'
import type { Loss } from './log-tail.ts'
import type { GroupHeadroom, HeadroomReport, PartitionHeadroom } from './report.ts'

export type AlertKind =
  /** What is not archived yet comes near its deletion. */
  | 'headroom'
  /** What a consumer group has not read yet comes near its deletion from the broker. */
  | 'group-headroom'
  /** Retention deleted records before they were archived. */
  | 'data-lost'

/** Something that is to be told. */
export interface Condition {
  /** Stable: the same condition has the same id in every process, `headroom/orders/3`. */
  id: string
  kind: AlertKind
  level: Exclude<HeadroomLevel, 'ok'>
  topic: string
  partition: number
  /** For `group-headroom`. */
  group: string | null
  summary: string
  remedy: string
  facts: AlertFacts
}

/** The numbers behind an alert; null where it has none. */
export interface AlertFacts {
  /** Next offset to archive, or to be read by the group. */
  position: bigint | null
  logStart: bigint | null
  end: bigint | null
  pendingRecords: bigint | null
  timeToLossMs: number | null
  shareLeft: number | null
  /** Offsets that are gone from the broker and were not read before, both inclusive. */
  lost: { firstOffset: bigint; lastOffset: bigint } | null
}

/** Everything in a report that is not well. */
export function conditionsOf({ topics }: HeadroomReport): Condition[] {
  return topics.flatMap(({ partitions, groups }) => [
    ...partitions.flatMap((partition) => archiveCondition(partition)),
    ...groups.flatMap((group) => groupCondition(group)),
  ])
}

/** A loss is critical, and nothing resolves it: it is told once. */
export function lossCondition({ topic, incarnation, partition, firstOffset, lastOffset }: Loss): Condition {
  return {
    id: `data-lost/${topic}/${incarnation}/${partition}/${firstOffset}-${lastOffset}`,
    kind: 'data-lost',
    level: 'critical',
    topic,
    partition,
    group: null,
    summary: `${topic}-${partition}: retention deleted offsets ${firstOffset} to ${lastOffset} before they were archived; capture goes on behind them`,
    remedy: `Look for the records elsewhere (a mirror, the producer), and give the topic more retention or capture more speed: coldstream topics --headroom.`,
    facts: { ...noFacts, lost: { firstOffset, lastOffset } },
  }
}

const noFacts: AlertFacts = {
  position: null,
  logStart: null,
  end: null,
  pendingRecords: null,
  timeToLossMs: null,
  shareLeft: null,
  lost: null,
}

function archiveCondition(partition: PartitionHeadroom): Condition[] {
  const { topic, partition: number, level, archived, logStart } = partition
  if (level === 'ok') return []
  const where = `${topic}-${number}`
  const behind = `${partition.pendingRecords} records are not archived`
  return [
    {
      id: `headroom/${topic}/${number}`,
      kind: 'headroom',
      level,
      topic,
      partition: number,
      group: null,
      summary:
        level === 'lost'
          ? `${where}: offsets ${archived} to ${logStart - 1n} were deleted before they were archived`
          : `${where}: ${behind}, ${leftText(partition)}`,
      remedy:
        'See that the capture of the topic runs and keeps up (its log, coldstream_capture_*); until then raise retention.ms or retention.bytes of the topic.',
      facts: factsOf(partition, archived ?? logStart),
    },
  ]
}

function groupCondition(group: GroupHeadroom): Condition[] {
  const { topic, partition, level, position, logStart } = group
  if (level === 'ok') return []
  const where = `group ${group.group} on ${topic}-${partition}`
  return [
    {
      id: `group-headroom/${group.group}/${topic}/${partition}`,
      kind: 'group-headroom',
      level,
      topic,
      partition,
      group: group.group,
      summary:
        level === 'lost'
          ? `${where}: offsets ${position} to ${logStart - 1n} were deleted from the broker before the group read them`
          : `${where}: ${group.pendingRecords} records are not read yet, ${leftText(group)}`,
      remedy: groupRemedy(group),
      facts: factsOf(group, position),
    },
  ]
}

/** From where the archive gives back what the broker does not, or soon will not. */
function groupRemedy({ topic, partition, position, archived }: GroupHeadroom): string {
  if (archived === null || archived <= position) {
    return 'Let the group catch up, or raise the retention of the topic: the archive does not hold these records either.'
  }
  return (
    `The archive holds offsets up to ${archived - 1n}: coldstream replay ${topic} --to <new topic> --partitions ${partition} ` +
    `--from-offset ${partition}:${position} --until-offset ${partition}:${archived}.`
  )
}

function factsOf(headroom: Headroom & { logStart: bigint; end: bigint }, position: bigint): AlertFacts {
  const { logStart, end, pendingRecords, timeToLossMs, shareLeft, level } = headroom
  const lost = level === 'lost' ? { firstOffset: position, lastOffset: logStart - 1n } : null
  return { position, logStart, end, pendingRecords, timeToLossMs, shareLeft, lost }
}

function leftText({ shareLeft, timeToLossMs }: Headroom): string {
  const share = `${Math.round((shareLeft ?? 1) * 100)} % of retention is left`
  return timeToLossMs === null ? share : `${share}, the first may be deleted in ${Math.floor(timeToLossMs / 1000)} s`
}
