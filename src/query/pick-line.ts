import type { CommittedSegment } from '../format/segment.ts'
import { offsetsBetween } from '../format/sorted-offsets.ts'
import type { Answer, PickQueue } from './pick-queue.ts'
import type { SegmentFiles } from './segment-files.ts'
import { untilAborted } from './until-aborted.ts'

export interface PickLineParts {
  partition: number
  /** In the order in which they will be asked for. */
  segments: readonly CommittedSegment[]
  queue: PickQueue
  files: SegmentFiles
  /** Looks through one segment by a statement of its own. */
  alone(segment: CommittedSegment, signal: AbortSignal): Promise<BigInt64Array>
}

/** What a statement that looked through the segment, and maybe others, picked of the partition. */
type OwnAnswer = { segments: number } & ({ offsets: BigInt64Array } | { error: unknown })

/** What a condition picks of a partition, segment by segment; while some are taken, the next ones are looked through. */
export class PickLine {
  readonly #parts: PickLineParts
  readonly #places: ReadonlyMap<string, number>
  /** By path, of segments that were asked about and not taken yet. */
  readonly #answers = new Map<string, Promise<OwnAnswer>>()
  /** Place of the first segment that the newest statement looks through. */
  #newest = 0
  /** Place of the first segment that no statement was asked about. */
  #next = 0

  constructor(parts: PickLineParts) {
    this.#parts = parts
    this.#places = new Map(parts.segments.map(({ path }, place) => [path, place]))
  }

  /** Offsets of the segment's rows, and maybe of others in its range. Throws what QueryEngine.run throws, told of the condition. */
  async pick(segment: CommittedSegment, signal: AbortSignal): Promise<BigInt64Array> {
    signal.throwIfAborted()
    const place = this.#places.get(segment.path) ?? null
    const answer = await untilAborted(this.#answers.get(segment.path) ?? this.#ask(segment, place, signal), signal)
    this.#answers.delete(segment.path)
    if (place !== null && place >= this.#newest) this.#askAhead(signal)
    if ('offsets' in answer) return offsetsBetween(answer.offsets, segment.firstOffset, segment.lastOffset)
    if (answer.segments === 1) throw answer.error
    signal.throwIfAborted()
    // Another segment may be to blame, or the limits may be too low for all of them together.
    return await this.#parts.alone(segment, signal)
  }

  /** Whether what is looked through are copies, which were held to the commits' checksums. */
  get looksAtCopies(): boolean {
    return this.#parts.files.areCopies
  }

  /** The copy of a segment, maybe damaged since; null where there is none. */
  copyOf(segment: CommittedSegment): Promise<Buffer | null> {
    return this.#parts.files.copyOf(segment)
  }

  #askAhead(signal: AbortSignal): void {
    const segment = this.#parts.segments[this.#next]
    if (segment !== undefined && !this.#answers.has(segment.path)) void this.#ask(segment, this.#next, signal)
  }

  /** `place`: of the segment; null when it is none of the line. */
  #ask(segment: CommittedSegment, place: number | null, signal: AbortSignal): Promise<OwnAnswer> {
    const { partition, segments: line, queue } = this.#parts
    const behind = place === null ? [] : line.slice(Math.max(place + 1, this.#next))
    const segments = [segment, ...behind]
    const { promise, resolve } = Promise.withResolvers<OwnAnswer>()
    this.#answers.set(segment.path, promise)
    const leave = () => {
      this.#answers.delete(segment.path)
      resolve({ segments: 0, error: signal.reason })
    }
    signal.addEventListener('abort', leave, { once: true })
    queue.ask({
      ...{ partition, segments, signal },
      begun: (count, answer) => {
        signal.removeEventListener('abort', leave)
        const own = answer.then((all) => ofPartition(all, partition))
        for (const { path } of segments.slice(0, count)) this.#answers.set(path, own)
        if (place !== null) {
          this.#newest = place
          this.#next = Math.max(this.#next, (this.#places.get(segments[count - 1]!.path) ?? place) + 1)
        }
        resolve(own)
      },
    })
    return promise
  }
}

/** What is of other partitions need not be kept until the last segment of this one is taken. */
function ofPartition({ segments, result }: Answer, partition: number): OwnAnswer {
  if (result.status === 'rejected') return { segments, error: result.reason }
  return { segments, offsets: result.value.get(partition) ?? new BigInt64Array(0) }
}
