import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Properties over the kit's own. */
export type ConnectorOverrides = Readonly<Record<string, string>>

/** Writes a connector for one topic, by hours of record time, and returns its path. */
export async function writeConnector(
  folder: string,
  topic: string,
  flushSize: number,
  overrides: ConnectorOverrides = {},
  name = `archive-${topic}`,
): Promise<string> {
  const file = join(folder, `${name}.json`)
  const config = {
    'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
    topics: topic,
    'partitioner.class': 'io.confluent.connect.storage.partitioner.TimeBasedPartitioner',
    'path.format': "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH",
    'timestamp.extractor': 'Record',
    timezone: 'UTC',
    'flush.size': String(flushSize),
    ...overrides,
  }
  await writeFile(file, JSON.stringify({ name, config }))
  return file
}
