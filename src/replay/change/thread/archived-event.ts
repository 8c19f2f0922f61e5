import type { FrameReader } from '../frames.ts'
import type { UpcasterEvent } from '../upcaster.ts'

/** An event as it was read, before a module has it. */
export type ArchivedEvent = Readonly<UpcasterEvent<Buffer | null>> & {
  /** The headers' keys in bytes: a key that is no UTF-8 is lost in a text. */
  headerKeys: readonly Buffer[]
}

/** Reads `offset, timestamp, key, value, headers: count (key, value)…`. */
export function readEvent(
  reader: FrameReader,
  { topic, partition }: { topic: string; partition: number },
): ArchivedEvent {
  const offset = reader.int64()
  const timestamp = reader.float64()
  const key = reader.bytes()
  const value = reader.bytes()
  const headers: ArchivedEvent['headers'] = []
  const headerKeys: Buffer[] = []
  for (let left = reader.int32(); left > 0; left -= 1) {
    const bytes = reader.bytes() ?? Buffer.alloc(0)
    headerKeys.push(bytes)
    headers.push({ key: bytes.toString(), value: reader.bytes() })
  }
  return { topic, partition, offset, timestamp, key, value, headers, headerKeys }
}
