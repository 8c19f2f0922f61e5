/** A source as far as handing over needs it; a plan's source is one. */
export interface ReplayedSource {
  topic: string
  /** Which of the topics of this name, as the archive counts them. */
  incarnation: number
  /** `until`: everything selected below this offset was emitted, and nothing from it on; 0 when nothing is archived. */
  partitions: readonly { partition: number; until: bigint }[]
}

/** A partition of the source as the broker has it now. */
export interface LivePartition {
  partition: number
  /** First offset that is still there. */
  first: bigint
  /** Offset after the last one that can be read. */
  end: bigint
}

/** Where live consumption goes on in a partition. */
export interface LiveOffset {
  partition: number
  offset: bigint
  /**
   * `gone`: the broker deleted records from this offset on, so there is a hole. `beyond-end`: the broker's partition ends
   * before it, so it lost records that were archived. `started-late`: nothing of it was emitted, and its first records are gone.
   */
  trouble: 'gone' | 'beyond-end' | 'started-late' | null
}

/**
 * Where a consumer goes on live after a replay, partition by partition. A partition of the broker that the replay did not
 * know goes on at its first offset, because nothing of it was emitted; with `all` false (only some partitions were asked
 * for) it is left out.
 */
export function liveOffsets(source: ReplayedSource, live: readonly LivePartition[], all: boolean): LiveOffset[] {
  const known = new Map(source.partitions.map(({ partition, until }) => [partition, until]))
  return live
    .filter(({ partition }) => all || known.has(partition))
    .map((at) => liveOffset(at, known.get(at.partition) ?? 0n))
    .sort((a, b) => a.partition - b.partition)
}

function liveOffset({ partition, first, end }: LivePartition, until: bigint): LiveOffset {
  if (until === 0n) return { partition, offset: first, trouble: first > 0n ? 'started-late' : null }
  if (until < first) return { partition, offset: until, trouble: 'gone' }
  return { partition, offset: until, trouble: until > end ? 'beyond-end' : null }
}
