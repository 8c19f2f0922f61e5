import { ConflictError } from '../../errors.ts'
import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import type { ChangedRow } from '../change/changed-row.ts'
import type { DeadLetters } from '../change/replay-change.ts'
import type { StreamRef } from '../plan/plan.ts'
import type { ChangedRun } from '../read/changed-run.ts'
import { type LaneStep, type PlaceOf, StepDraft, type StepLimits, type StreamStep } from './step-draft.ts'
import { mergeByTime } from './time-merge.ts'

/** A partition of a source on its way into a target. */
export interface LaneStream extends StreamRef {
  /** Source offset that it begins with, and the one after its last. */
  next: bigint
  until: bigint
  /** Topic that its records go into. */
  target: string
  /** Where a record goes there. */
  placeOf: PlaceOf
  runs: AsyncGenerator<ChangedRun, void, undefined>
  /** Where a row goes that could not be changed; null: it stops the replay. */
  deadLetters: (DeadLetters & { partition: number }) | null
}

/** So many rows may be read without a selected one before a step says where the lane is. */
const maxQuietOffsets = 100_000n

/**
 * Encodes what its streams bring, by time when there are several; the last step's positions are the streams' ends.
 * `limits` is asked anew for each step.
 */
export async function* runLane(
  streams: readonly LaneStream[],
  limits: () => StepLimits,
): AsyncGenerator<LaneStep, void, undefined> {
  const draft = new StepDraft()
  const positions = streams.map(({ next }) => next)
  let bounds = limits()
  const finish = (): LaneStep => {
    const step = draft.finish()
    bounds = limits()
    return step
  }
  for await (const { stream: index, run } of laneRuns(streams)) {
    const stream = streams[index]!
    const { rows, changed } = run
    for (let row = run.from; row < run.to; ) {
      const letters = changed?.[row - run.base]
      if (letters !== undefined && draft.rows > 0 && wouldOverflow(draft, rows, row, letters, bounds)) yield finish()
      const step = draft.stream(index, stream, positions[index]!)
      const bytes = draft.bytes
      const from = row
      if (letters === undefined) {
        row = draft.addRows(stream.target, stream.placeOf, rows, row, changed === null ? run.to : row + 1, bounds)
        step.rows += row - from
        step.bytes += draft.bytes - bytes
      } else {
        addChanged(draft, step, stream, rows, row, letters)
        row += 1
      }
      if (row > from) {
        step.firstOffset ??= rows.offset[from]!
        step.lastOffset = rows.offset[row - 1]!
        step.next = step.lastOffset + 1n
        positions[index] = step.next
      }
      // A row that was left is one that does not belong into this step.
      if (row === from || draft.isFull(bounds) || (changed === null && row < run.to)) yield finish()
    }
    const quiet = run.next - positions[index]!
    positions[index] = run.next
    draft.stream(index, stream, run.next).next = run.next
    if (quiet >= maxQuietOffsets) yield finish()
  }
  for (const [index, stream] of streams.entries()) draft.stream(index, stream, stream.until).next = stream.until
  yield finish()
}

async function* laneRuns(
  streams: readonly LaneStream[],
): AsyncGenerator<{ stream: number; run: ChangedRun }, void, undefined> {
  if (streams.length > 1) yield* mergeByTime(streams.map(({ runs }) => runs))
  else for await (const run of streams[0]!.runs) yield { stream: 0, run }
}

/** Adds what a row has become. */
function addChanged(
  draft: StepDraft,
  step: StreamStep,
  stream: LaneStream,
  rows: RowBatch,
  row: number,
  letters: ChangedRow,
): void {
  const bytes = draft.bytes
  if ('records' in letters) {
    for (const record of letters.records) {
      const partition = stream.placeOf(record.key ?? rows.key.bytes, 0, record.key?.length ?? -1)
      draft.addRecord(stream.target, partition, record, rows, row)
    }
    step.rows += letters.records.length
  } else {
    const { topic, partition, letter } = stream.deadLetters ?? unchangeable(rows, row, letters.failure)
    draft.addRecord(topic, partition, letter(rows, row, letters.failure), rows, row)
    step.deadLetters += 1
  }
  step.bytes += draft.bytes - bytes
}

/** Whether what a row has become belongs into the next step. */
function wouldOverflow(
  draft: StepDraft,
  rows: RowBatch,
  row: number,
  letters: ChangedRow,
  limits: StepLimits,
): boolean {
  if (draft.wouldSpan(rows, row, limits)) return true
  const bytes = 'records' in letters ? letters.records.reduce((sum, record) => sum + outgoingBytes(record), 0) : 0
  return draft.bytes + bytes > limits.maxBlockBytes
}

function outgoingBytes({ key, value, headers }: OutgoingRecord): number {
  let bytes = 40 + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) bytes += 10 + header.key.length + (header.value?.length ?? 0)
  return bytes
}

function unchangeable(rows: RowBatch, row: number, reason: string): never {
  const where = `partition ${rows.partition} offset ${rows.offset[row]}`
  throw new ConflictError('record-not-changed', `the record at ${where} could not be changed: ${reason}`, {
    remedy: 'Mend the upcaster, or name a dead-letter topic for such records, under a new id.',
    details: { partition: rows.partition, offset: String(rows.offset[row]) },
  })
}
