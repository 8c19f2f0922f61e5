import { parquetDescriber } from '../archive/commit/parquet-describer.ts'
import { type Finding, type VerifyProgress, verifyTopic } from '../archive/verify/verify.ts'
import { loadTopic } from '../catalog/snapshot.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { formatBytes, formatCount, toJson } from './output.ts'
import { createProgress } from './progress.ts'

export interface VerifyCommandOptions {
  topicsDir: string
}

/** `coldstream verify <topic>`: 1 when anything is not as the commit log says. */
export async function verifyCommand(
  { output, services }: CommandContext,
  topic: string,
  options: VerifyCommandOptions,
): Promise<ExitCode> {
  const { store } = await services()
  const snapshot = await loadTopic(store, topic)
  const progress = createProgress(output, 'verify', 'segments')
  const findings: Finding[] = []
  let checked: VerifyProgress = { segments: 0, checkedSegments: 0, checkedBytes: 0, checkedOffsets: 0n }
  try {
    for await (const event of verifyTopic(store, snapshot, {
      describer: parquetDescriber,
      topicsDir: options.topicsDir,
    })) {
      if (event.kind === 'finding') findings.push(event.finding)
      else {
        checked = event
        progress.update(event.checkedSegments, event.segments)
      }
    }
  } finally {
    progress.stop()
  }
  const { checkedSegments, checkedBytes, checkedOffsets } = checked
  const gaps = snapshot.incarnations.flatMap(({ incarnation, partitions }) =>
    partitions.flatMap((partition) =>
      partition.gaps.map(({ runs, ...gap }) => ({ incarnation, partition: partition.partition, ...gap })),
    ),
  )
  if (output.json) output.line(toJson({ topic, findings, gaps, checkedSegments, checkedBytes, checkedOffsets }))
  else {
    for (const { message, remedy } of findings) output.line(`finding: ${message}\n  what to do: ${remedy}`)
    for (const [reason, offsets] of countByReason(gaps))
      output.line(`explained: ${formatCount(offsets)} offsets without a row: ${reason}`)
    const verdict =
      findings.length === 0
        ? 'every offset is one row or one explained gap'
        : `${formatCount(findings.length)} findings`
    output.line(
      `${topic}: ${verdict}; checked ${formatCount(checkedOffsets)} offsets in ${formatCount(checkedSegments)} segments, ${formatBytes(checkedBytes)}`,
    )
  }
  return findings.length === 0 ? 0 : 1
}

function countByReason(gaps: readonly { reason: string; offsets: bigint }[]): Map<string, bigint> {
  const counts = new Map<string, bigint>()
  for (const { reason, offsets } of gaps) counts.set(reason, (counts.get(reason) ?? 0n) + offsets)
  return counts
}
