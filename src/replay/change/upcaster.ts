/**
 * What an upcaster is written against: `coldstream/upcaster` of the package. An upcaster is a module in the configured
 * folder whose default export says how old events become new ones while they are replayed.
 */

/** A JSON event's upcaster: `value` is the parsed JSON. Integers beyond 2^53 arrive as bigint. */
export type JsonUpcaster<Value = unknown> = UpcasterFacts & { accepts: 'json' } & (
    | {
        /** Whether it is also given events without a value; else they pass as they are. */
        tombstones?: false
        upcast(event: UpcasterEvent<Value>): UpcastResult
      }
    | { tombstones: true; upcast(event: UpcasterEvent<Value | null>): UpcastResult }
  )

/** An upcaster of events in any format: `value` is the bytes. */
export type BytesUpcaster = UpcasterFacts & { accepts: 'bytes' } & (
    | { tombstones?: false; upcast(event: UpcasterEvent<Buffer>): UpcastResult<string | Uint8Array | null> }
    | { tombstones: true; upcast(event: UpcasterEvent<Buffer | null>): UpcastResult<string | Uint8Array | null> }
  )

export interface UpcasterFacts {
  /** The file's name without its ending, if it is given: a copy under another name is then noticed. */
  name?: string
  /** Raise it when the events that it makes change: a replay keeps to the version that it began with. */
  version: string | number
  /** A sentence for those who choose among upcasters. */
  description?: string
}

/** An archived event. It belongs to the upcaster, which may change and return it, or return another. */
export interface UpcasterEvent<Value> {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Milliseconds since the epoch; -1: none. */
  timestamp: number
  key: Buffer | null
  value: Value
  /** In their order; a key may be there several times. */
  headers: UpcasterHeader[]
}

export interface UpcasterHeader {
  key: string
  value: Buffer | null
}

/** The event, another one, or several in their order; null: nothing. No promise, as an upcaster only computes. */
export type UpcastResult<Value = unknown> = UpcastEvent<Value> | null | readonly UpcastEvent<Value>[]

/** An event to emit. What is left out is as it was; a value always has to be there. */
export interface UpcastEvent<Value = unknown> {
  /** An integer, milliseconds since the epoch. */
  timestamp?: number
  /** A text is written as UTF-8. */
  key?: string | Uint8Array | null
  /** What JSON can say, and bigint for integers; null for a tombstone. */
  value: Value
  headers?: readonly { key: string; value: string | Uint8Array | null }[]
  /** May be there, as in the event, but cannot be changed. */
  readonly topic?: string
  readonly partition?: number
  readonly offset?: bigint
}

/** Gives an upcaster its types; returns what it is given. `Value` is what the archived events hold. */
export function defineUpcaster<Value>(upcaster: JsonUpcaster<Value>): JsonUpcaster<Value>
export function defineUpcaster(upcaster: BytesUpcaster): BytesUpcaster
export function defineUpcaster(upcaster: JsonUpcaster | BytesUpcaster): JsonUpcaster | BytesUpcaster {
  return upcaster
}
