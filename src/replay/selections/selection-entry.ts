import { JsonFields } from '../../format/json-fields.ts'
import { refuseNewer, toJson } from '../../format/log-codec.ts'
import { readSelection, type Selection, selectionToJson } from '../request/selection.ts'
import { Shape } from '../request/shape.ts'

/** An entry of a saved selection's log, `selections/<name>/<seq>.json`; the last one is the truth. */
export interface SelectionEntry {
  seq: number
  /** Random; tells one's own entry from a rival's with the same content. */
  writer: string
  /** When it was written, ISO 8601 UTC. */
  at: string
  /** null: deleted. */
  source: Selection | null
}

const version = 1

export function encodeSelectionEntry({ source, ...entry }: SelectionEntry): Buffer {
  return toJson({ version, ...entry, source: source === null ? null : selectionToJson(source) })
}

/** Throws DamagedDataError `selection-damaged` naming the object, `log-entry-newer` for one of a later version. */
export function decodeSelectionEntry(path: string, bytes: Uint8Array): SelectionEntry {
  const fields = JsonFields.parse('selection-damaged', path, bytes)
  refuseNewer(fields, path)
  return {
    seq: fields.count('seq'),
    writer: fields.text('writer'),
    at: fields.text('at'),
    source: fields.has('source') ? readSource(fields, bytes) : null,
  }
}

function readSource(fields: JsonFields, bytes: Uint8Array): Selection {
  const { source } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { source: unknown }
  const shape = new Shape()
  const selection = readSelection(source, 'source', shape)
  if (selection === null) throw fields.damaged('source', `cannot be read (${shape.problems.join('; ')})`)
  return selection
}
