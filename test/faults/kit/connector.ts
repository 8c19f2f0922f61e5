import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes a connector for one topic, by hours of record time, and returns its path. */
export async function writeConnector(folder: string, topic: string, flushSize: number): Promise<string> {
  const file = join(folder, 'connector.json')
  const config = {
    'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
    topics: topic,
    'partitioner.class': 'io.confluent.connect.storage.partitioner.TimeBasedPartitioner',
    'path.format': "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH",
    'timestamp.extractor': 'Record',
    timezone: 'UTC',
    'flush.size': String(flushSize),
  }
  await writeFile(file, JSON.stringify({ name: `archive-${topic}`, config }))
  return file
}
