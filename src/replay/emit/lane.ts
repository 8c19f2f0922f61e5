import { ConflictError } from '../../errors.ts'
import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import type { ChangedRow } from '../change/changed-row.ts'
import type { DeadLetters } from '../change/replay-change.ts'
import type { StreamRef } from '../plan/plan.ts'
import type { ChangedRun } from '../read/changed-run.ts'
import { type LaneStep, StepDraft } from './step-draft.ts'
import { mergeByTime } from './time-merge.ts'

/** A partition of a source on its way into a target. */
export interface LaneStream extends StreamRef {
  /** Source offset that it begins with, and the one after its last. */
  next: bigint
  until: bigint
  /** Topic that its records go into. */
  target: string
  /** Partition there of a record with this key; `length` is -1 for a null key. */
  placeOf: (bytes: Uint8Array, start: number, length: number) => number
  runs: AsyncGenerator<ChangedRun, void, undefined>
  /** Where a row goes that could not be changed; null: it stops the replay. */
  deadLetters: (DeadLetters & { partition: number }) | null
}

/** A step is closed at the first of these that it reaches, or before a record that would go beyond `maxBlockBytes`. */
export interface StepLimits {
  /** Of all blocks together. */
  maxBytes: number
  maxRows: number
  /** Of one partition's block (unless a single record is larger). */
  maxBlockBytes: number
  /** From the first record's timestamp to the last one's; infinite where the pace does not go by time. */
  maxSpanMs: number
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
    const { key } = rows
    for (let row = run.from; row < run.to; row += 1) {
      const letters = changed?.[row - run.base]
      const partition = letters === undefined ? stream.placeOf(key.bytes, key.start[row]!, key.length[row]!) : -1
      if (draft.rows > 0 && wouldOverflow(draft, stream.target, partition, rows, row, letters, bounds)) yield finish()
      const step = draft.stream(index, stream, positions[index]!)
      if (letters === undefined) {
        step.bytes += draft.addRow(stream.target, partition, rows, row)
        step.rows += 1
      } else if ('records' in letters) {
        for (const record of letters.records) {
          const partition = stream.placeOf(record.key ?? rows.key.bytes, 0, record.key?.length ?? -1)
          step.bytes += draft.addRecord(stream.target, partition, record, rows, row)
          step.rows += 1
        }
      } else {
        const { topic, partition, letter } = stream.deadLetters ?? unchangeable(rows, row, letters.failure)
        step.bytes += draft.addRecord(topic, partition, letter(rows, row, letters.failure), rows, row)
        step.deadLetters += 1
      }
      const offset = rows.offset[row]!
      step.firstOffset ??= offset
      step.lastOffset = offset
      step.next = offset + 1n
      positions[index] = step.next
      if (draft.rows >= bounds.maxRows || draft.bytes >= bounds.maxBytes) yield finish()
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

/** Whether the row belongs into the next step. `partition` is that of a row that goes as it is, without `letters`. */
function wouldOverflow(
  draft: StepDraft,
  target: string,
  partition: number,
  rows: RowBatch,
  row: number,
  letters: ChangedRow | undefined,
  { maxBlockBytes, maxSpanMs }: StepLimits,
): boolean {
  if (maxSpanMs !== Number.POSITIVE_INFINITY) {
    const timestampMs = Number(rows.timestampMicros[row]! / 1000n)
    if (timestampMs - (draft.timestampMs ?? timestampMs) > maxSpanMs) return true
  }
  if (letters !== undefined) {
    const bytes = 'records' in letters ? letters.records.reduce((sum, record) => sum + outgoingBytes(record), 0) : 0
    return draft.bytes + bytes > maxBlockBytes
  }
  const held = draft.bytesOf(target, partition)
  return held > 0 && held + recordBytes(rows, row) > maxBlockBytes
}

/** Upper bound of a record's size when encoded: its bytes, and room for every length and delta. */
function recordBytes(rows: RowBatch, row: number): number {
  const { first, keys, values } = rows.headers
  let bytes = 40 + Math.max(0, rows.key.length[row]!) + Math.max(0, rows.value.length[row]!)
  for (let header = first[row]!; header < first[row + 1]!; header += 1) {
    bytes += 10 + keys.length[header]! + Math.max(0, values.length[header]!)
  }
  return bytes
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
