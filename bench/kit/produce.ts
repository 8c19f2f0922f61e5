import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { DataSet } from './data-sets.ts'
import { pythonPeer } from './python-peer.ts'

/** A topic to create, and so many records of a data set to fill it with. */
export interface ProducePlan extends Omit<DataSet, 'description'> {
  topic: string
  records: number
}

/**
 * Creates a topic and fills it, round robin over the partitions. librdkafka does it: kafkajs would take minutes for what
 * is then captured in seconds, and an encoder of ours would be judged by its own decoder. Answers the bytes of the
 * records' keys, values and headers.
 */
export async function produce(brokers: readonly string[], plan: ProducePlan): Promise<{ recordBytes: number }> {
  const { python, path } = await pythonPeer('produce.py')
  const job = { interleaved: false, ...plan, brokers: brokers.join(',') }
  const { stdout } = await promisify(execFile)(python, [path, JSON.stringify(job)])
  return JSON.parse(stdout) as { recordBytes: number }
}
