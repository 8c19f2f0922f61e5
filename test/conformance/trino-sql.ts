/** Trino makes no longer sequences. */
const LONGEST = 10_000

/** The integers from 1 to `count` in order, as column n, in Trino's SQL. */
export function trinoSeries(count: number): string {
  const starts = Array.from({ length: Math.ceil(count / LONGEST) }, (_, part) => part * LONGEST)
  const parts = starts.map((first) => `sequence(${first + 1}, ${Math.min(count, first + LONGEST)})`)
  return `SELECT n FROM UNNEST(ARRAY[${parts.join(', ')}]) a(part), UNNEST(part) b(n) ORDER BY n`
}

/** Runs until it is stopped. */
export const TRINO_ENDLESS = `SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y),
  UNNEST(sequence(1, 10000)) c(z) WHERE x * y = z - 1`
