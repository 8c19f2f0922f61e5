import { ReplayChange } from './change/replay-change.ts'
import { type SampledRow, sample } from './change/sample.ts'
import type { ReplayDeps } from './deps.ts'
import { type Finding, refusal } from './plan/finding.ts'
import type { PreparedReplay } from './plan/prepare.ts'
import { planOf } from './plan/shares.ts'
import { pickerOf } from './read/conditions.ts'
import { streamRows } from './read/stream.ts'
import { jobToJson, type ReplayRequest } from './request/request.ts'
import type { Members } from './request/shape.ts'
import { type PlanSummary, planSummary } from './status.ts'

/** What a replay would do: JSON-ready. */
export interface ReplayPreview {
  source: Members
  target: Members
  plan: PlanSummary
  /** A guess from the rate of two cores that the broker shares, or the rate that is asked for; not a promise. */
  estimatedSeconds: number
  targetPartitions: number
  /** Offsets of the range that the archive does not hold, at most a thousand ranges. */
  gaps: { topic: string; partition: number; firstOffset: string; lastOffset: string; reason: string }[]
  /** Whether `create` would start it. */
  accepted: boolean
  findings: Finding[]
  /** With a transform: what it makes of the first selected records of a partition. */
  sample: SampledRow[] | null
}

const usualRowsPerSecond = 200_000
const maxGapsShown = 1_000
const sampledRows = 5

/** Changes nothing. Throws what opening the upcaster and reading the first records throw. */
export async function previewReplay(
  deps: ReplayDeps,
  request: ReplayRequest,
  prepared: PreparedReplay,
): Promise<ReplayPreview> {
  const { plan, findings, missing, targetPartitions } = prepared
  const { source, target } = jobToJson(request.job)
  const summary = planSummary(plan)
  return {
    source: source as Members,
    target: target as Members,
    plan: summary,
    estimatedSeconds: estimateSeconds(summary, request),
    targetPartitions,
    gaps: missing.slice(0, maxGapsShown).map(({ firstOffset, lastOffset, ...gap }) => ({
      ...gap,
      firstOffset: String(firstOffset),
      lastOffset: String(lastOffset),
    })),
    accepted: refusal(findings, request.accept) === null,
    findings,
    sample: request.job.transform === null ? null : await sampleChange(deps, request, prepared),
  }
}

async function sampleChange(deps: ReplayDeps, { job }: ReplayRequest, { plan }: PreparedReplay): Promise<SampledRow[]> {
  const replay = { id: 'preview', job, upcaster: null }
  const change = await ReplayChange.open(replay, deps.upcasters, deps.clock)
  const over = new AbortController()
  try {
    for (const stream of plan.shares.flatMap(({ lanes }) => lanes.flatMap(({ streams }) => streams))) {
      const planned = planOf(plan.sources, stream)
      const source = plan.sources[stream.source]!
      const rows = streamRows({
        ...{ source, plan: planned, selection: job.source, next: planned.from, change: null, signal: over.signal },
        ...{ store: deps.store, eventLog: deps.eventLog },
        picker: pickerOf(deps.conditions, job.source.where, source, planned),
        onDamaged: (_, error) => Promise.reject(error),
      })
      for await (const run of rows) {
        const changed = change.of(source.topic, stream.partition)
        // a run may begin in the middle of its batch; the sample is of the batch's first rows, which are selected too
        if (run.to > run.from && changed !== null) return await sample(run.rows, changed, sampledRows)
      }
    }
    return []
  } finally {
    over.abort()
    await change.close()
  }
}

function estimateSeconds({ rows, bytes, firstTimestamp, lastTimestamp }: PlanSummary, { rate }: ReplayRequest): number {
  const unpaced = rows / usualRowsPerSecond
  if (rate === null) return Math.ceil(unpaced)
  const spanMs =
    firstTimestamp === null || lastTimestamp === null ? 0 : Date.parse(lastTimestamp) - Date.parse(firstTimestamp)
  let paced = 0
  if ('speed' in rate) paced = spanMs / 1000 / rate.speed
  else paced = 'recordsPerSecond' in rate ? rows / rate.recordsPerSecond : bytes / rate.bytesPerSecond
  return Math.ceil(Math.max(unpaced, paced))
}
