import type { RowWindow } from '../format/select/row-window.ts'
import type { RowBounds, TimeWindow } from '../ports/query-engine.ts'

export const ANY_TIME: TimeWindow = { fromMicros: null, untilMicros: null }

/** The offsets, and whole milliseconds in which all of these times lie: one more at each end, so that it does not matter how they are rounded. */
export function rowWindow(
  { fromOffset, untilOffset }: Pick<RowBounds, 'fromOffset' | 'untilOffset'>,
  times: readonly TimeWindow[],
): RowWindow {
  const froms = times.flatMap(({ fromMicros }) => fromMicros ?? [])
  const untils = times.flatMap(({ untilMicros }) => untilMicros ?? [])
  return {
    fromOffset: fromOffset ?? 0n,
    untilOffset: untilOffset ?? 2n ** 63n - 1n,
    fromTimestampMs: froms.length === 0 ? null : Number(froms.reduce((a, b) => (a > b ? a : b)) / 1000n) - 1,
    untilTimestampMs: untils.length === 0 ? null : Number(untils.reduce((a, b) => (a < b ? a : b)) / 1000n) + 1,
  }
}
