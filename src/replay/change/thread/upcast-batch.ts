import { FrameReader, type Frames, FrameWriter } from '../frames.ts'
import { type ArchivedEvent, readEvent } from './archived-event.ts'
import { readJson } from './json-value.ts'
import type { LoadedModule } from './load-module.ts'
import { reasonOf } from './problem-place.ts'
import { returnedEvents } from './returned-events.ts'
import { writeAsItWas, writeEvent } from './write-event.ts'

/**
 * Runs a module over rows of a partition. They come as `row` and what `readEvent` reads; they go as `row, count` and so
 * many events as `writeEvent` writes them, or as `row, -1, reason`. `begin` is told each row before it is looked at.
 */
export function upcastBatch(
  module: LoadedModule,
  place: { topic: string; partition: number },
  frames: Frames,
  begin: (row: number) => void,
): Frames {
  const reader = new FrameReader(frames)
  const writer = new FrameWriter(Math.ceil(frames.length * 1.25) + 1024)
  while (!reader.isAtEnd) {
    const row = reader.int32()
    begin(row)
    const event = readEvent(reader, place)
    writer.int32(row)
    const start = writer.length
    try {
      upcastOne(module, event, writer)
    } catch (error) {
      writer.rewind(start)
      writer.int32(-1)
      writer.text(reasonOf(error, module.file))
    }
  }
  return writer.take()
}

function upcastOne(module: LoadedModule, archived: ArchivedEvent, writer: FrameWriter): void {
  if (archived.value === null && !module.tombstones) {
    writer.int32(1)
    writeAsItWas(writer, archived)
    return
  }
  const { accepts } = module.description
  const source = accepts === 'json' && archived.value !== null ? readJson(archived.value) : null
  const { topic, partition, offset, timestamp, key } = archived
  const value = source === null ? archived.value : source.value
  // a list of its own: the module may take headers out of it
  const headers = [...archived.headers]
  const events = returnedEvents(module.upcast({ topic, partition, offset, timestamp, key, value, headers }), archived)
  writer.int32(events.length)
  for (const event of events) writeEvent(writer, event, archived, accepts, source)
}
