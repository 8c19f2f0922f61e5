import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { readTopic } from '../../test/faults/kit/read-topic.ts'
import { pythonPeer } from './python-peer.ts'

/**
 * Reads a topic read-committed by librdkafka (kafkajs takes minutes for millions) and throws unless it holds all orders that
 * `produce` wrote, each once and in the order of its partition.
 */
export async function judgeAllOrders(
  brokers: readonly string[],
  topic: string,
  all: { records: number; partitions: number },
): Promise<void> {
  const { python, path } = await pythonPeer('count.py')
  await promisify(execFile)(python, [path, JSON.stringify({ brokers: brokers.join(','), topic, ...all })])
}

/** Reads a topic read-committed by kafkajs and throws unless it holds exactly the orders of these numbers, each once. */
export async function judgeOrders(
  brokers: readonly string[],
  topic: string,
  expected: readonly number[],
): Promise<void> {
  const found: number[] = []
  await readTopic(brokers, topic, (_, { value }) => {
    found.push((JSON.parse(String(value)) as { seq: number }).seq)
  })
  found.sort((a, b) => a - b)
  if (found.length === expected.length && found.every((seq, index) => seq === expected[index])) return
  throw new Error(`${topic} holds ${found.length} orders, not the ${expected.length} that were asked for`)
}

/** The numbers of the orders below `records` that meet a condition, ascending. */
export function ordersWhere(records: number, isMeant: (seq: number) => boolean): number[] {
  const numbers: number[] = []
  for (let seq = 0; seq < records; seq += 1) if (isMeant(seq)) numbers.push(seq)
  return numbers
}

/** Of an order's number; all its fields come from it, as `produce.py` says. */
export function orderHash(seq: number): number {
  return Math.imul(seq, 2_654_435_761) >>> 0
}
