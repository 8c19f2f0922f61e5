import { type Reader, Writer } from '@platformatic/kafka'
import type { BrokerConnection } from './broker-connection.ts'

const produceKey = 0
const allReplicas = -1
const timeoutMs = 30_000

/** One batch on its way to one partition; a request holds at most one for each (KIP-98). */
export interface PartitionBatch {
  topic: string
  partition: number
  batch: Buffer
}

export interface ProduceOutcome {
  topic: string
  partition: number
  code: number
  /** The broker's words about it, often null. */
  message: string | null
}

/**
 * Produce v11 or v12, which look the same: with 12 the broker itself adds partitions to the transaction (KIP-890), with
 * 11 the client did (https://kafka.apache.org/protocol#The_Messages_Produce).
 */
export function produce(
  broker: BrokerConnection,
  version: 11 | 12,
  transactionalId: string | null,
  batches: readonly PartitionBatch[],
): Promise<ProduceOutcome[]> {
  const byTopic = [...Map.groupBy(batches, (batch) => batch.topic)]
  const build = (): Writer =>
    Writer.create()
      .appendString(transactionalId)
      .appendInt16(allReplicas)
      .appendInt32(timeoutMs)
      .appendArray(byTopic, (topicWriter, [topic, some]) => {
        topicWriter.appendString(topic).appendArray(some, (writer, { partition, batch }) => {
          writer
            .appendInt32(partition)
            .appendUnsignedVarInt(batch.length + 1)
            .append(batch)
        })
      })
      .appendTaggedFields()
  return broker.send(produceKey, version, build, parseOutcomes)
}

function parseOutcomes(reader: Reader): ProduceOutcome[] {
  const outcomes: ProduceOutcome[] = []
  reader.readArray(() => {
    const topic = reader.readString()
    reader.readArray(() => {
      const partition = reader.readInt32()
      const code = reader.readInt16()
      reader.readInt64() // base offset
      reader.readInt64() // log append time
      reader.readInt64() // log start offset
      const recordErrors = reader.readArray(() => {
        reader.readInt32() // index within the batch
        return reader.readNullableString()
      })
      const message = reader.readNullableString()
      const parts = [message, ...recordErrors].filter((part) => part !== null)
      outcomes.push({ topic, partition, code, message: parts.length === 0 ? null : [...new Set(parts)].join(', ') })
    })
  })
  return outcomes
}
