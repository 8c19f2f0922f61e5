/** A stretch of a stream whose rows have timestamps. */
export interface TimedRun {
  rows: { timestampMicros: BigInt64Array; offset: BigInt64Array }
  from: number
  to: number
  next: bigint
}

/** A part of a stream's run; its `next` is that of its last row, or of the whole run when that was its rest. */
export interface Merged<Run extends TimedRun> {
  stream: number
  run: Run
}

/**
 * Merges streams by time: of the rows that the streams are at, the one with the lowest timestamp goes first, of equal ones
 * that of the stream with the lowest index. Each stream keeps its own order, also where its timestamps do not ascend. The
 * result depends on nothing but where the streams are, so it can be continued from there.
 */
export async function* mergeByTime<Run extends TimedRun>(
  streams: readonly AsyncGenerator<Run, void, undefined>[],
): AsyncGenerator<Merged<Run>, void, undefined> {
  const heads: Head<Run>[] = []
  try {
    for (const [stream, runs] of streams.entries()) {
      const head = new Head(stream, runs)
      for await (const empty of head.advance()) yield { stream, run: empty }
      if (head.run !== null) heads.push(head)
    }
    while (heads.length > 0) {
      const first = earliest(heads, null)!
      const second = earliest(heads, first)
      yield { stream: first.stream, run: first.takeBefore(second) }
      if (first.run !== null) continue
      for await (const empty of first.advance()) yield { stream: first.stream, run: empty }
      if (first.run === null) heads.splice(heads.indexOf(first), 1)
    }
  } finally {
    await Promise.all(streams.map((runs) => runs.return()))
  }
}

/** Where the merge stands in one stream. */
class Head<Run extends TimedRun> {
  readonly stream: number
  readonly #runs: AsyncGenerator<Run, void, undefined>
  run: Run | null = null
  #row = 0

  constructor(stream: number, runs: AsyncGenerator<Run, void, undefined>) {
    this.stream = stream
    this.#runs = runs
  }

  get micros(): bigint {
    return this.run!.rows.timestampMicros[this.#row]!
  }

  /** Goes to the next run that has rows; those that have none are given out on the way. */
  async *advance(): AsyncGenerator<Run, void, undefined> {
    for (;;) {
      const { value, done } = await this.#runs.next()
      this.run = done ? null : value
      if (done) return
      this.#row = value.from
      if (value.to > value.from) return
      yield value
    }
  }

  /** Rows from here on that come before the other's; at least one. */
  takeBefore(other: Head<Run> | null): Run {
    const run = this.run!
    const from = this.#row
    let to = from + 1
    if (other === null) to = run.to
    else while (to < run.to && isBefore(run.rows.timestampMicros[to]!, this.stream, other)) to += 1
    this.#row = to
    if (to === run.to) {
      this.run = null
      return { ...run, from }
    }
    return { ...run, from, to, next: run.rows.offset[to - 1]! + 1n }
  }
}

function isBefore<Run extends TimedRun>(micros: bigint, stream: number, other: Head<Run>): boolean {
  const otherMicros = other.micros
  return micros < otherMicros || (micros === otherMicros && stream < other.stream)
}

function earliest<Run extends TimedRun>(heads: readonly Head<Run>[], except: Head<Run> | null): Head<Run> | null {
  let first: Head<Run> | null = null
  for (const head of heads) {
    if (head !== except && (first === null || isBefore(head.micros, head.stream, first))) first = head
  }
  return first
}
