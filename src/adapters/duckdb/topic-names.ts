import { InvalidInputError } from '../../errors.ts'
import type { RowBounds } from '../../ports/query-engine.ts'

/**
 * The topics among the names that a statement uses. SQL folds case, topics do not: a name stands for the topic written
 * just so, else for the only one that differs in case. What matches none is left for DuckDB: a CTE, or an error.
 */
export function matchTopics(named: readonly string[], topics: readonly string[]): string[] {
  const matched = new Map<string, string>()
  for (const name of named) {
    const folded = name.toLowerCase()
    const alike = topics.filter((topic) => topic.toLowerCase() === folded)
    const topic = alike.length > 1 ? alike.find((candidate) => candidate === name) : alike[0]
    if (topic === undefined && alike.length === 0) continue
    const other = matched.get(folded)
    if (topic === undefined || (other !== undefined && other !== topic)) throw ambiguous(name, alike)
    matched.set(folded, topic)
  }
  return [...matched.values()].sort()
}

/** Bounds by topic. One that is written in two ways has none: what one way leaves out, the other may need. */
export function boundsOfTopics(
  topics: readonly string[],
  byName: ReadonlyMap<string, RowBounds>,
): Map<string, RowBounds> {
  const bounds = new Map<string, RowBounds>()
  for (const topic of topics) {
    const written = [...byName].filter(([name]) => name.toLowerCase() === topic.toLowerCase())
    if (written.length === 1) bounds.set(topic, written[0]![1])
  }
  return bounds
}

function ambiguous(name: string, alike: readonly string[]): InvalidInputError {
  return new InvalidInputError('sql-invalid', `"${name}" may be any of the topics ${alike.join(', ')}.`, {
    remedy:
      'SQL does not tell names by case: write the topic exactly, and query topics that differ only in case one at a time.',
  })
}
