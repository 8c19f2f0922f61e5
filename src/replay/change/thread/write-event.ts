import type { FrameWriter } from '../frames.ts'
import type { UpcasterHeader } from '../upcaster.ts'
import type { ArchivedEvent } from './archived-event.ts'
import { type JsonSource, saysTheSame, stringifyJson } from './json-value.ts'
import type { ReturnedEvent } from './returned-events.ts'
import { RowProblem } from './row-problem.ts'

/** Writes an event byte for byte: `timestamp, key, value, headers: count (key, value)…`. */
export function writeAsItWas(writer: FrameWriter, archived: ArchivedEvent): void {
  writer.float64(archived.timestamp)
  writer.bytes(archived.key)
  writer.bytes(archived.value)
  writer.int32(archived.headers.length)
  for (const [index, { value }] of archived.headers.entries()) {
    writer.bytes(archived.headerKeys[index]!)
    writer.bytes(value)
  }
}

/**
 * Writes what a module returned for an event. `given` is the list of headers that the module had; `source` the JSON that it
 * had, null when it had bytes or no value. Throws RowProblem for what cannot be written, and then has written a part.
 */
export function writeEvent(
  writer: FrameWriter,
  event: ReturnedEvent,
  archived: ArchivedEvent,
  accepts: 'json' | 'bytes',
  source: JsonSource | null,
): void {
  const { timestamp = archived.timestamp, key = archived.key, value, headers = archived.headers } = event
  writer.float64(timestamp)
  writeBytes(writer, key, 'key')
  if (accepts === 'json') writeJson(writer, value, source)
  else writeBytes(writer, value, 'value')
  if (!Array.isArray(headers)) throw new RowProblem('upcast returned "headers" that are no list')
  writer.int32(headers.length)
  for (const header of headers as unknown[]) writeHeader(writer, header, archived)
}

function writeJson(writer: FrameWriter, value: unknown, source: JsonSource | null): void {
  if (source !== null && value === source.value) {
    const text = stringifyJson(value)
    if (saysTheSame(text, source)) writer.bytes(source.bytes)
    else writer.text(text)
  } else if (value === null) writer.bytes(null)
  else writer.text(stringifyJson(value))
}

function writeHeader(writer: FrameWriter, header: unknown, archived: ArchivedEvent): void {
  const { key, value } = (header ?? {}) as { key?: unknown; value?: unknown }
  if (typeof key !== 'string') throw new RowProblem('upcast returned a header without a text as its "key"')
  // the mark of bytes that are no UTF-8
  const bytes = key.includes('\ufffd') ? originalKey(header as UpcasterHeader, archived) : null
  if (bytes === null) writer.text(key)
  else writer.bytes(bytes)
  writeBytes(writer, value, `value of the header ${JSON.stringify(key.slice(0, 60))}`)
}

/** The bytes that a header's key was read from; null when none of the event's keys reads like this. */
function originalKey(header: UpcasterHeader, { headers, headerKeys }: ArchivedEvent): Buffer | null {
  const isItsKey = (index: number): boolean => headerKeys[index]!.toString() === header.key
  const itself = headers.indexOf(header)
  if (itself >= 0 && itself < headerKeys.length && isItsKey(itself)) return headerKeys[itself]!
  return headerKeys.find((_, index) => isItsKey(index)) ?? null
}

function writeBytes(writer: FrameWriter, bytes: unknown, what: string): void {
  if (bytes === null || bytes instanceof Uint8Array) writer.bytes(bytes)
  else if (typeof bytes === 'string') writer.text(bytes)
  else throw new RowProblem(`upcast returned a ${what} that is neither text nor bytes nor null`)
}
