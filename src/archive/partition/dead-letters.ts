import type { ColdstreamError } from '../../errors.ts'
import { copyRecord, type OutgoingRecord, RecordEncoder } from '../../format/record-batch/index.ts'
import type { RecordView } from '../../format/record-view.ts'
import type { EventLog } from '../../ports/event-log.ts'

/** A batch of dead letters is sent when it has so many bytes; well below the largest that brokers take by default. */
const batchBytes = 512 * 1024

/** Where a dead letter comes from. */
export interface DeadLetterOrigin {
  connector: string
  topic: string
  partition: number
  offset: bigint
}

/**
 * A record that could not be archived, as it goes to the dead letter topic: as it was, with the headers in which Kafka
 * Connect says where it comes from and why (KIP-298).
 */
export function deadLetter(
  record: RecordView,
  { connector, topic, partition, offset }: DeadLetterOrigin,
  error: ColdstreamError,
  nowMs: number,
): OutgoingRecord {
  const context: Record<string, string> = {
    '__connect.errors.topic': topic,
    '__connect.errors.partition': String(partition),
    '__connect.errors.offset': String(offset),
    '__connect.errors.connector.name': connector,
    '__connect.errors.exception.class.name': error.code,
    '__connect.errors.exception.message': error.message,
  }
  const original = copyRecord(record)
  const added = Object.entries(context).map(([key, value]) => ({ key: Buffer.from(key), value: Buffer.from(value) }))
  // its own time may be what is wrong with it
  return { ...original, timestampMs: nowMs, headers: [...original.headers, ...added] }
}

/** Memory that a dead letter holds, roughly. */
export function deadLetterBytes({ key, value, headers }: OutgoingRecord): number {
  const parts = headers.reduce((bytes, header) => bytes + header.key.length + (header.value?.length ?? 0), 0)
  return (key?.length ?? 0) + (value?.length ?? 0) + parts
}

/** Appends them to their topic, at least once. Errors as EventLog.append. */
export async function sendDeadLetters(
  eventLog: EventLog,
  topic: string,
  letters: readonly OutgoingRecord[],
): Promise<void> {
  const encoder = new RecordEncoder()
  for (const letter of letters) {
    encoder.appendRecord(letter)
    if (encoder.bytes >= batchBytes) await eventLog.append(topic, encoder.finish())
  }
  if (encoder.count > 0) await eventLog.append(topic, encoder.finish())
}
