import { JsonFields } from '../format/json-fields.ts'
import { refuseNewer, toJson } from '../format/log-codec.ts'

/** What a connector is meant to do. */
export const targetStates = ['RUNNING', 'PAUSED', 'STOPPED'] as const
export type TargetState = (typeof targetStates)[number]

/** A connector as the archive keeps it. */
export interface StoredConnector {
  name: string
  /** Flat, `name` inside, as it was given; secrets are references. */
  config: Readonly<Record<string, string>>
  target: TargetState
  /** Number of the entry that set `config`: who runs another one opens the capture anew. */
  configured: number
  /** The last time that someone asked for a restart. */
  restart: RestartRequest | null
}

export interface RestartRequest {
  /** Number of the entry that asked. */
  seq: number
  includeTasks: boolean
  onlyFailed: boolean
}

/**
 * An entry of the registry's log, `connectors/<seq>.json`. Each holds all connectors as they are from then on, so the last
 * one is the truth, and whoever writes it has seen all the others: two that are at odds cannot both be written.
 */
export interface RegistryEntry {
  seq: number
  /** Random; tells one's own entry from a rival's with the same content. */
  writer: string
  /** When it was written, ISO 8601 UTC; for people, never for decisions. */
  at: string
  /** What was done, for people: `create orders`. */
  change: string
  connectors: readonly StoredConnector[]
}

const version = 1

export function encodeRegistryEntry(entry: RegistryEntry): Buffer {
  return toJson({ version, ...entry })
}

/** Throws DamagedDataError `connectors-damaged` naming the object, `log-entry-newer` for one of a later version. */
export function decodeRegistryEntry(path: string, bytes: Uint8Array): RegistryEntry {
  const fields = JsonFields.parse('connectors-damaged', path, bytes)
  refuseNewer(fields, path)
  return {
    seq: fields.count('seq'),
    writer: fields.text('writer'),
    at: fields.text('at'),
    change: fields.text('change'),
    connectors: fields.list('connectors', (connector) => ({
      name: connector.text('name'),
      config: connector.texts('config'),
      target: connector.oneOf('target', targetStates),
      configured: connector.count('configured'),
      restart: connector.has('restart') ? readRestart(connector.object('restart')) : null,
    })),
  }
}

function readRestart(fields: JsonFields): RestartRequest {
  return {
    seq: fields.count('seq'),
    includeTasks: fields.flag('includeTasks'),
    onlyFailed: fields.flag('onlyFailed'),
  }
}
