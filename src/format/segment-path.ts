import { topicToPath } from './topic-path.ts'

/** What names a segment's object beside its time bucket. */
export interface SegmentPathParts {
  topicsDir: string
  topic: string
  incarnation: number
  partition: number
  firstOffset: bigint
}

/** Folder of all segments of a topic, with a closing slash: `topics/orders/`. */
export function topicFolder(topicsDir: string, topic: string): string {
  return `${topicsDir}/${topicToPath(topic)}/`
}

/**
 * Path of a segment, as the Kafka Connect S3 sink names its files:
 * `topics/orders/year=2025/month=01/day=14/hour=09/orders+0+0000000000.parquet`; later incarnations of a topic end in
 * `+2`, `+3`, … so that no file of an earlier one is ever met.
 */
export function segmentPath(parts: SegmentPathParts, bucketFolder: string): string {
  const offset = String(parts.firstOffset).padStart(10, '0')
  const incarnation = parts.incarnation === 1 ? '' : `+${parts.incarnation}`
  const file = `${topicToPath(parts.topic)}+${parts.partition}+${offset}${incarnation}.parquet`
  return `${topicFolder(parts.topicsDir, parts.topic)}${bucketFolder}/${file}`
}

/** The time bucket's folder in a segment's path: what lies between the topic's folder and the file. */
export function bucketFolderOf(path: string, topicsDir: string, topic: string): string {
  return path.slice(topicFolder(topicsDir, topic).length, path.lastIndexOf('/'))
}
