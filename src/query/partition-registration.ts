import { InvalidInputError } from '../errors.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { QueryEngine } from '../ports/query-engine.ts'
import { addPartitions } from './ddl/athena-partitions.ts'
import type { TableShape } from './ddl/table-shape.ts'

/** A topic's table and the segments it shows. */
export interface RegisteredTable {
  shape: TableShape
  segments: readonly CommittedSegment[]
  storeUrl: string
}

/**
 * Tells an engine's catalog of the partitions in which these segments lie, and returns how many statements that took. It
 * may be repeated, and run by several at a time. Throws InvalidInputError `engine-not-told`, and what QueryEngine.define
 * throws.
 */
export async function registerPartitions(
  engine: QueryEngine,
  table: RegisteredTable,
  signal: AbortSignal,
): Promise<number> {
  if (engine.define === undefined) {
    throw new InvalidInputError('engine-not-told', `${engine.name} is not told of partitions by Coldstream.`, {
      remedy: 'Run the statement of `coldstream ddl` that looks for them itself, if it prints one.',
    })
  }
  const statements = addPartitions(table.shape, table.segments, table.storeUrl)
  for (const statement of statements) await engine.define(statement, signal)
  return statements.length
}
