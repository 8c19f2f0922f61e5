import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KafkaServer } from './kafka.ts'

/** Deletes a partition's records below an offset as an administrator does, with Kafka's own tool. */
export async function deleteRecordsBelow(
  server: KafkaServer,
  topic: string,
  offset: number,
  partition = 0,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-delete-'))
  const file = join(folder, 'delete.json')
  await writeFile(file, JSON.stringify({ version: 1, partitions: [{ topic, partition, offset }] }))
  try {
    await server.javaTool('org.apache.kafka.tools.DeleteRecordsCommand', [
      '--bootstrap-server',
      server.brokers[0]!,
      '--offset-json-file',
      file,
    ])
  } finally {
    await rm(folder, { recursive: true })
  }
}
