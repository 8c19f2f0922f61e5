import { loadTopic } from '../catalog/snapshot.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { formatBytes, formatCount, number, renderTable, text, toJson } from './output.ts'

/** `coldstream segments <topic>`: every segment of a topic, in the order of partition and offset. */
export async function segmentsCommand({ output, services }: CommandContext, topic: string): Promise<ExitCode> {
  const { store } = await services()
  const snapshot = await loadTopic(store, topic)
  const segments = snapshot.incarnations.flatMap(({ incarnation, partitions }) =>
    partitions.flatMap(({ partition, segments }) =>
      segments.filter((segment) => segment.records > 0).map((segment) => ({ incarnation, partition, ...segment })),
    ),
  )
  if (output.json) {
    output.line(toJson(segments))
    return 0
  }
  const columns = [
    number('partition'),
    number('first offset'),
    number('last offset'),
    number('records'),
    number('size'),
    text('object'),
  ]
  const rows = segments.map((segment) => [
    String(segment.partition),
    String(segment.firstOffset),
    String(segment.lastOffset),
    formatCount(segment.records),
    formatBytes(segment.bytes),
    segment.path,
  ])
  output.line(renderTable(columns, rows))
  return 0
}
