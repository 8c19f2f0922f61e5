import { InvalidInputError } from '../errors.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { QueryEngine } from '../ports/query-engine.ts'
import { addPartitions } from './ddl/athena-partitions.ts'
import type { TableShape } from './ddl/table-shape.ts'

/**
 * Tells an engine's catalog of the partitions in which these segments lie, and returns how many statements that took. It
 * may be repeated, and run by several at a time. Throws InvalidInputError `engine-without-catalog`, and what
 * QueryEngine.define throws.
 */
export async function registerPartitions(
  engine: QueryEngine,
  table: { shape: TableShape; segments: readonly CommittedSegment[]; storeUrl: string },
  signal: AbortSignal,
): Promise<number> {
  if (engine.define === undefined) {
    throw new InvalidInputError('engine-without-catalog', `${engine.name} needs no partitions to be registered.`, {
      remedy: 'Leave it out; the statements of `coldstream ddl` are enough.',
    })
  }
  const statements = addPartitions(table.shape, table.segments, table.storeUrl)
  for (const statement of statements) await engine.define(statement, signal)
  return statements.length
}
