import type { CommitLog } from '../catalog/commit-log.ts'
import type { LogHead } from '../catalog/log-state.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { BuiltSegment, Recovery, SealedRange } from './sealed.ts'
import type { SegmentDescriber } from './segment-describer.ts'

/** How a commit ended. */
export interface CommitOutcome {
  /**
   * `committed`: the range is archived as this writer sealed it, or as another left it in this writer's segments.
   * `superseded`: someone else moved the log; drop what is buffered, finish `state.openIntent` if there is one, and go on
   * from `state.archived.next`.
   */
  outcome: 'committed' | 'superseded'
  state: LogHead
}

export interface PartitionCommitterOptions {
  store: ObjectStore
  log: CommitLog
  describer: SegmentDescriber
  /** A segment of 0 rows for a planned path: it keeps a path taken for which nothing is left to store. */
  buildEmpty(path: string): BuiltSegment | Promise<BuiltSegment>
}

export class PartitionCommitter {
  readonly #options: PartitionCommitterOptions

  constructor(options: PartitionCommitterOptions) {
    this.#options = options
  }

  get state(): LogHead {
    return this.#options.log.head
  }

  async commit(_sealed: SealedRange): Promise<CommitOutcome> {
    throw new Error('not written yet')
  }

  async finish(_recovery: Recovery): Promise<CommitOutcome> {
    throw new Error('not written yet')
  }
}
