import { DamagedDataError } from '../../errors.ts'
import type { GapReason, SourceRun } from '../../ports/record-block.ts'
import {
  type BatchHeader,
  baseOffsetOf,
  crcHolds,
  type LogPlace,
  readBatchHeader,
  splitBatches,
} from './batch-header.ts'
import { blockOf } from './record-batch.ts'

/** An aborted transaction as a fetch response lists it. */
export interface AbortedTransaction {
  producerId: bigint
  firstOffset: bigint
}

/** What a read-committed fetch brought of one partition. */
export interface FetchedLog extends LogPlace {
  /** The offset that was asked for. */
  from: bigint
  /** Batches, the first of which may begin below `from` and the last of which may be cut off. */
  bytes: Buffer
  /** All aborted transactions that overlap the fetched range, in any order, also those that began below it. */
  aborted: readonly AbortedTransaction[]
}

/** Runs that cover `[from, next)` without a hole between them; records below `from` are not part of it. */
export interface CommittedRuns {
  runs: SourceRun[]
  next: bigint
  /** Leader epoch of the last batch, or -1 when there was none. */
  epoch: number
}

/**
 * What to do about a batch whose CRC does not hold: throw, once everything before it was delivered, or go on behind it
 * and leave a gap. The gap ends where the next batch begins, since nothing in a damaged batch can be trusted.
 */
export type CorruptBatches = 'refuse' | 'gap'

/**
 * Turns fetched batches into runs the way a read-committed consumer sees them (KIP-98): transaction markers and records
 * of aborted transactions become gaps. A transaction that spans fetches needs no memory between them: the broker lists
 * it again in each one that it overlaps. Throws DamagedDataError: `batch-malformed`, `batch-corrupt`, `batch-overlap`.
 */
export function committedRuns(fetched: FetchedLog, corruptBatches: CorruptBatches): CommittedRuns {
  const runs = new RunList(fetched.from)
  const aborted = new AbortedProducers(fetched.aborted)
  let epoch = -1
  // The damaged batch that offsets up to the next good one are put down to.
  let broken: Buffer | null = null
  for (const batch of splitBatches(fetched.bytes, fetched)) {
    if (!crcHolds(batch)) {
      // What came before it is delivered; the next fetch begins with that batch, and is refused.
      if (corruptBatches === 'refuse' && runs.started) break
      if (corruptBatches === 'refuse') throw corrupt(fetched, batch)
      broken = batch
      continue
    }
    const header = readBatchHeader(batch, fetched)
    if (runs.started && header.baseOffset < runs.next) throw overlap(fetched, header, runs.next)
    const missing = broken === null ? 'compacted' : 'corrupt'
    broken = null
    if (header.lastOffset < runs.next) continue
    runs.gapTo(missing, header.baseOffset - 1n)
    const reason = gapReasonOf(header, aborted)
    if (reason === null) runs.records(batch, header)
    else runs.gapTo(reason, header.lastOffset)
    epoch = header.leaderEpoch
  }
  // Whatever came before a damaged last batch is delivered; the next fetch begins with that batch. Alone, it must be
  // passed by what it says itself.
  if (broken !== null && !runs.started) runs.gapTo('corrupt', claimedLastOffset(fetched, broken))
  return { runs: runs.list, next: runs.next, epoch }
}

/** Why a batch's offsets have no rows, or null when they have. Follows the batches: must see each once, in order. */
function gapReasonOf(header: BatchHeader, aborted: AbortedProducers): GapReason | null {
  if (header.transactional) aborted.advanceTo(header.lastOffset)
  if (header.control) {
    aborted.end(header.producerId)
    return 'control'
  }
  if (header.transactional && aborted.has(header.producerId)) return 'aborted'
  return header.count === 0 ? 'compacted' : null
}

/** Producers that are within an aborted transaction at the present place in the log. */
class AbortedProducers {
  readonly #waiting: AbortedTransaction[]
  readonly #active = new Set<bigint>()

  constructor(transactions: readonly AbortedTransaction[]) {
    // Sorted from last to first, so that the next one is taken from the end.
    this.#waiting = [...transactions].sort((a, b) => (a.firstOffset < b.firstOffset ? 1 : -1))
  }

  /** Takes up the transactions that began at or below `offset`. */
  advanceTo(offset: bigint): void {
    for (
      let next = this.#waiting.at(-1);
      next !== undefined && next.firstOffset <= offset;
      next = this.#waiting.at(-1)
    ) {
      this.#active.add(next.producerId)
      this.#waiting.pop()
    }
  }

  /** A producer has one transaction at a time, so that any marker of its ends it. */
  end(producerId: bigint): void {
    this.#active.delete(producerId)
  }

  has(producerId: bigint): boolean {
    return this.#active.has(producerId)
  }
}

/** Runs without holes; a gap grows as long as its reason stays. */
class RunList {
  readonly list: SourceRun[] = []
  next: bigint

  constructor(from: bigint) {
    this.next = from
  }

  get started(): boolean {
    return this.list.length > 0
  }

  /** Nothing when all offsets up to `lastOffset` are covered. */
  gapTo(reason: GapReason, lastOffset: bigint): void {
    if (lastOffset < this.next) return
    const last = this.list.at(-1)
    if (last?.kind === 'gap' && last.reason === reason) last.lastOffset = lastOffset
    else this.list.push({ kind: 'gap', reason, firstOffset: this.next, lastOffset })
    this.next = lastOffset + 1n
  }

  records(batch: Buffer, header: BatchHeader): void {
    this.list.push({ kind: 'records', block: blockOf(batch, header) })
    this.next = header.lastOffset + 1n
  }
}

function claimedLastOffset(fetched: FetchedLog, batch: Buffer): bigint {
  const claimed = baseOffsetOf(batch) + BigInt(batch.readInt32BE(23))
  if (claimed < fetched.from) throw corrupt(fetched, batch)
  return claimed
}

function corrupt(place: LogPlace, batch: Buffer): DamagedDataError {
  const { topic, partition } = place
  const offset = baseOffsetOf(batch)
  const last = offset + BigInt(batch.readInt32BE(23))
  return new DamagedDataError(
    'batch-corrupt',
    `${topic}-${partition}: the CRC of the batch with offsets ${offset} to ${last} (by its own account) does not hold`,
    {
      remedy:
        'Read again; if it stays, restore the log segment from a replica, or let capture pass corrupt batches, which ' +
        'leaves a gap that names them.',
      details: { topic, partition, offset: String(offset), lastOffset: String(last) },
    },
  )
}

function overlap(place: LogPlace, header: BatchHeader, expected: bigint): DamagedDataError {
  const { topic, partition } = place
  return new DamagedDataError(
    'batch-overlap',
    `${topic}-${partition}: a batch begins at offset ${header.baseOffset}, but offsets below ${expected} came before it`,
    {
      remedy: 'Check the log segment on the broker (kafka-dump-log) and restore the partition from a replica.',
      details: { topic, partition, offset: String(header.baseOffset), expected: String(expected) },
    },
  )
}
