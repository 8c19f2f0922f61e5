import { JsonFields } from '../../format/json-fields.ts'
import { readCommitted, toJson } from '../../format/log-codec.ts'
import type { UpcasterIdentity } from '../change/upcaster-identity.ts'
import { type Finding, severities } from '../plan/finding.ts'
import type { PartitionPlan, ReplayPlan, SharePlan, SourcePlan, StreamRef } from '../plan/plan.ts'
import { jobToJson, parseReplayRequest, type ReplayJob } from '../request/request.ts'

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
  job: ReplayJob
  /** Partitions that each target topic needs. */
  targetPartitions: number
  plan: ReplayPlan
  /** The upcaster as it was then, which it has to be to the end; null: there is none. */
  upcaster: UpcasterIdentity | null
  /** What was found and accepted when it was created. */
  warnings: Finding[]
}

const version = 1

export function encodeStoredReplay(replay: StoredReplay): Buffer {
  const { job, ...rest } = replay
  return toJson({ version, ...rest, job: jobToJson(job) })
}

/** Throws DamagedDataError `replay-damaged` naming the object. */
export function decodeStoredReplay(path: string, bytes: Uint8Array): StoredReplay {
  const fields = JsonFields.parse('replay-damaged', path, bytes)
  if (fields.count('version') !== version) throw fields.damaged('version', 'is unknown')
  return {
    id: fields.text('id'),
    run: fields.text('run'),
    createdAt: fields.text('createdAt'),
    job: readJob(fields),
    targetPartitions: fields.count('targetPartitions'),
    plan: readPlan(fields.object('plan')),
    upcaster: fields.has('upcaster') ? readUpcaster(fields.object('upcaster')) : null,
    warnings: fields.list('warnings', (finding) => ({
      severity: finding.oneOf('severity', severities),
      code: finding.text('code'),
      message: finding.text('message'),
      remedy: finding.text('remedy'),
    })),
  }
}

function readJob(fields: JsonFields): ReplayJob {
  try {
    return parseReplayRequest(fields.raw('job')).job
  } catch (error) {
    throw fields.damaged('job', `cannot be read (${error instanceof Error ? error.message : String(error)})`)
  }
}

function readUpcaster(fields: JsonFields): UpcasterIdentity {
  return { name: fields.text('name'), version: fields.text('version'), sha256: fields.text('sha256') }
}

function readPlan(fields: JsonFields): ReplayPlan {
  return { sources: fields.list('sources', readSource), shares: fields.list('shares', readShare) }
}

function readSource(fields: JsonFields): SourcePlan {
  return {
    topic: fields.text('topic'),
    incarnation: fields.count('incarnation'),
    incarnationId: fields.has('incarnationId') ? fields.text('incarnationId') : null,
    target: fields.text('target'),
    partitions: fields.list('partitions', readPartition),
  }
}

function readPartition(fields: JsonFields): PartitionPlan {
  return {
    partition: fields.count('partition'),
    from: fields.offset('from'),
    until: fields.offset('until'),
    segments: fields.list('segments', readCommitted),
    liveUntil: fields.has('liveUntil') ? fields.offset('liveUntil') : null,
  }
}

function readShare(fields: JsonFields): SharePlan {
  return {
    share: fields.count('share'),
    lanes: fields.list('lanes', (lane) => ({ streams: lane.list('streams', readStream) })),
  }
}

function readStream(fields: JsonFields): StreamRef {
  return { source: fields.count('source'), partition: fields.count('partition') }
}
