import type { ErrorFacts } from '../../errors.ts'
import type { QueryColumn, QueryStatistics } from '../../ports/query-engine.ts'
import type { PartitionFreshness } from '../freshness.ts'

/** What is written of a run when it is asked for: `queries/<id>/asked.json`. */
export interface RunRequest {
  id: string
  /** Name of the API key that asked. */
  by: string
  sql: string | null
  template: string | null
  parameters: Readonly<Record<string, string | number | boolean>>
  engine: string
  askedMs: number
  /** Of the instance that runs it. */
  instance: string
  /** A run without an end by then has lost its instance. */
  deadlineMs: number
}

/** What is written when it has ended, whatever way: `queries/<id>/ended.json`. Nothing of the folder changes after it. */
export interface RunEnd {
  state: 'completed' | 'failed' | 'cancelled'
  endedMs: number
  /** Why it was not completed. */
  error: RunError | null
  columns: readonly QueryColumn[]
  statistics: QueryStatistics
  /** The rows, in order; each part is an object of its own. */
  parts: readonly ResultPart[]
  /** Null unless it was asked for. */
  freshness: readonly StoredFreshness[] | null
}

export interface RunError {
  /** Name of the class in errors.ts. */
  kind: string
  code: string
  message: string
  remedy: string
  details: NonNullable<ErrorFacts['details']>
}

export interface ResultPart {
  rows: number
  /** Of the stored object. */
  bytes: number
}

/** JSON has no bigints. */
export type StoredFreshness = {
  [Field in keyof PartitionFreshness]: bigint extends PartitionFreshness[Field]
    ? string | Exclude<PartitionFreshness[Field], bigint>
    : PartitionFreshness[Field]
}

/** `lost`: the instance that ran it is gone. */
export type RunState = 'waiting' | 'running' | 'lost' | RunEnd['state']

/** A run as its callers see it. */
export interface RunView extends RunRequest {
  state: RunState
  /** 0 to 1; null where it is not known. */
  progress: number | null
  end: RunEnd | null
  /** When its results are let go of; null when there are none. */
  resultsUntilMs: number | null
}
