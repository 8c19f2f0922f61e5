/** What Trino's REST protocol says, as far as it is read here (https://trino.io/docs/current/develop/client-protocol.html). */
export interface TrinoAnswer {
  id: string
  /** Where the next part is; absent when this is the last. */
  nextUri?: string
  columns?: readonly TrinoColumn[]
  data?: readonly (readonly WireValue[])[]
  error?: TrinoError
  stats?: TrinoStats
}

export interface TrinoColumn {
  name: string
  /** `timestamp(6) with time zone` */
  type: string
  typeSignature: TypeSignature
}

/** A type taken apart: `array(row(key varchar))` has rawType `array` and one argument. */
export interface TypeSignature {
  rawType: string
  arguments: readonly (
    | { kind: 'TYPE'; value: TypeSignature }
    | { kind: 'NAMED_TYPE'; value: { fieldName?: { name: string }; typeSignature: TypeSignature } }
    | { kind: 'LONG'; value: number }
  )[]
}

export interface TrinoError {
  message: string
  /** `COLUMN_NOT_FOUND` */
  errorName: string
  /** `USER_ERROR`, `INSUFFICIENT_RESOURCES`, `EXTERNAL`, `INTERNAL_ERROR` */
  errorType: string
  errorLocation?: { lineNumber: number; columnNumber: number }
}

export interface TrinoStats {
  state: string
  /** 0 to 100; absent until it is known. */
  progressPercentage?: number
  physicalInputBytes: number
  processedBytes: number
}

/** JSON as it came; integers that a float cannot hold are bigints (exact-json.ts). */
export type WireValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly WireValue[]
  | { readonly [name: string]: WireValue }
