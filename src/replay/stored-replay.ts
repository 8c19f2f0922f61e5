import { JsonFields } from '../format/json-fields.ts'
import { readCommitted, toJson } from '../format/log-codec.ts'
import type { PartitionPlan, ReplayPlan } from './plan.ts'
import type { Finding } from './preflight.ts'
import { parseReplayRequest, type ReplayTarget, requestHash, targetToJson } from './request.ts'
import { type Selection, selectionToJson } from './selection.ts'

/**
 * A replay as it was created, `replays/<id>/request.json`: never changed, so that every later start of it emits from the
 * very same segments.
 */
export interface StoredReplay {
  id: string
  /** Random; tells this replay from one of the same id in another archive that used the same broker. */
  run: string
  /** ISO 8601 UTC. */
  createdAt: string
  source: Selection
  target: ReplayTarget
  /** Partitions that the target needs. */
  targetPartitions: number
  plan: ReplayPlan
  /** What was found and accepted when it was created. */
  warnings: Finding[]
}

const version = 1

/** What makes two requests the same replay. */
export function storedHash(replay: StoredReplay): string {
  return requestHash(replay.source, replay.target)
}

export function encodeStoredReplay(replay: StoredReplay): Buffer {
  const { source, target, ...rest } = replay
  return toJson({ version, ...rest, source: selectionToJson(source), target: targetToJson(target) })
}

/** Throws DamagedDataError `replay-damaged` naming the object. */
export function decodeStoredReplay(path: string, bytes: Uint8Array): StoredReplay {
  const fields = JsonFields.parse('replay-damaged', path, bytes)
  if (fields.count('version') !== version) throw fields.damaged('version', 'is unknown')
  const { source, target } = readRequest(fields, bytes)
  return {
    id: fields.text('id'),
    run: fields.text('run'),
    createdAt: fields.text('createdAt'),
    source,
    target,
    targetPartitions: fields.count('targetPartitions'),
    plan: readPlan(fields.object('plan')),
    warnings: fields.list('warnings', (finding) => ({
      severity: finding.oneOf('severity', ['error', 'warning']),
      code: finding.text('code'),
      message: finding.text('message'),
      remedy: finding.text('remedy'),
    })),
  }
}

function readRequest(fields: JsonFields, bytes: Uint8Array): { source: Selection; target: ReplayTarget } {
  const { source, target } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { source: unknown; target: unknown }
  try {
    return parseReplayRequest({ source, target })
  } catch (error) {
    throw fields.damaged('source', `cannot be read (${error instanceof Error ? error.message : String(error)})`)
  }
}

function readPlan(fields: JsonFields): ReplayPlan {
  return {
    topic: fields.text('topic'),
    incarnation: fields.count('incarnation'),
    fromTimestampMs: fields.has('fromTimestampMs') ? fields.integer('fromTimestampMs') : null,
    untilTimestampMs: fields.has('untilTimestampMs') ? fields.integer('untilTimestampMs') : null,
    partitions: fields.list('partitions', readPartition),
  }
}

function readPartition(fields: JsonFields): PartitionPlan {
  return {
    partition: fields.count('partition'),
    from: fields.offset('from'),
    until: fields.offset('until'),
    segments: fields.list('segments', readCommitted),
  }
}
