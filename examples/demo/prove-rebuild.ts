import type { Kafka } from 'kafkajs'
import { formatCount, number, type Output, renderTable, text } from '../../src/cli/output.ts'
import { type RebuiltModel, rebuildModel, type TimeWindow } from './rebuild.ts'

export interface Rebuild {
  kafka: Kafka
  original: string
  replayed: string
  window: TimeWindow
}

/**
 * Builds the read model twice, from the original topic's records of the window and from the replay, and shows both.
 * Throws when they differ, or when there was nothing to compare.
 */
export async function proveRebuild(rebuild: Rebuild, output: Output, signal: AbortSignal): Promise<void> {
  const { kafka, original, replayed, window } = rebuild
  const [before, after] = await Promise.all([
    rebuildModel(kafka, original, window, signal),
    rebuildModel(kafka, replayed, null, signal),
  ])
  const facts = [factsOf(original, before), factsOf(replayed, after)] as const
  const columns = [
    text('made from'),
    number('records'),
    number('orders'),
    number('customers'),
    text('checksum of the model'),
    text('checksum of the records'),
  ]
  output.line(
    renderTable(
      columns,
      facts.map(({ cells }) => cells),
    ),
  )
  if (before.digest.records === 0) throw new Error(`${original} has no records in the window: nothing was proved.`)
  if (facts[0].identity !== facts[1].identity) throw new Error(`${replayed} differs from ${original}.`)
  output.line(
    `equal: the same ${formatCount(before.digest.records)} records, byte for byte and in order, and the same model`,
  )
}

/** What two rebuilds must have in common, and how it is shown (checksums shortened). */
function factsOf(topic: string, { model, digest }: RebuiltModel): { identity: string; cells: string[] } {
  const counts = [digest.records, model.orders, model.rows().length].map(formatCount)
  const checksums = [model.checksum(), digest.checksum()]
  const short = checksums.map((checksum) => `${checksum.slice(0, 24)}…`)
  return { identity: [...counts, ...checksums].join(), cells: [topic, ...counts, ...short] }
}
