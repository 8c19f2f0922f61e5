import { concurrently } from '../catalog/concurrently.ts'
import { listArchivedTopics, loadTopic } from '../catalog/snapshot.ts'
import { summarizeTopic } from '../catalog/topic-summary.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { headroomCommand } from './headroom.ts'
import { formatBytes, formatCount, number, renderTable, text, toJson } from './output.ts'

interface TopicsOptions {
  /** What retention is about to delete, instead of what the archive holds. */
  headroom: boolean
}

/** `coldstream topics`: what the archive holds, a line per topic. */
export async function topicsCommand(context: CommandContext, options: TopicsOptions): Promise<ExitCode> {
  if (options.headroom) return headroomCommand(context)
  const { output, services } = context
  const { store } = await services()
  const names = await listArchivedTopics(store)
  const topics = await concurrently(names, 8, async (name) => summarizeTopic(await loadTopic(store, name)))
  if (output.json) {
    output.line(toJson(topics))
    return 0
  }
  if (topics.length === 0) {
    output.note(`${store.url} holds no topic yet: archive some with "coldstream capture <connector.json>".`)
    return 0
  }
  const columns = [
    text('topic'),
    number('partitions'),
    number('segments'),
    number('records'),
    number('size'),
    text('from'),
    text('until'),
    number('lost offsets'),
  ]
  const rows = topics.map((topic) => [
    topic.topic,
    String(topic.partitions),
    formatCount(topic.segments),
    formatCount(topic.records),
    formatBytes(topic.bytes),
    topic.firstTimestamp ?? '-',
    topic.lastTimestamp ?? '-',
    formatCount(topic.lostOffsets),
  ])
  output.line(renderTable(columns, rows))
  return 0
}
