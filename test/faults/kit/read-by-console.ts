import type { KafkaServer } from '../../kit/kafka.ts'

/** An order event as Kafka's console consumer prints it. */
export interface PrintedOrder {
  partition: number
  key: string
  seq: number
}

/** Without a record for so long a topic counts as read. */
const quietMs = 5_000
/** Without a record for so long there are not enough; the machine may be busy. */
const stalledMs = 60_000

/**
 * All order events of a topic as Kafka's own consumer sees them now, read committed, in the order of each partition; it does
 * not wait for more than `enough`.
 */
export async function readByConsole(
  server: KafkaServer,
  topic: string,
  enough = Number.POSITIVE_INFINITY,
): Promise<PrintedOrder[]> {
  const isBounded = Number.isFinite(enough)
  const printed = await server.javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', server.brokers.join(), '--topic', topic, '--from-beginning'],
    ...['--isolation-level', 'read_committed', '--timeout-ms', String(isBounded ? stalledMs : quietMs)],
    ...(isBounded ? ['--max-messages', String(enough)] : []),
    ...['--formatter-property', 'print.partition=true', '--formatter-property', 'print.key=true'],
  ])
  return [...printed.matchAll(/Partition:(\d+)\t(.*?)\t\{"seq":(\d+),/g)].map(([, partition, key = '', seq]) => ({
    partition: Number(partition),
    key,
    seq: Number(seq),
  }))
}
