/**
 * What runs SQL over the archive: DuckDB in a child process here, Trino or Athena elsewhere. An engine runs one
 * statement that only reads; parameters travel beside it, never inside its text.
 */
export interface QueryEngine {
  /** What it is, for messages and metrics: `duckdb`. */
  readonly name: string
  readonly dialect: SqlDialect
  /** The schema in which its own catalog has the topics as tables; absent where it reads the archive's files itself. */
  readonly schema?: string

  /**
   * Starts a statement; resolves when its columns are known. Throws InvalidInputError `sql-invalid` (with `line` and
   * `column`), `sql-forbidden`, `query-memory`; AbortedError `query-timeout`, `query-cancelled`; DamagedDataError
   * `segment-unreadable`; UnavailableError `query-engine-failed`. Reading the rows may throw the same.
   */
  run(query: EngineQuery, signal: AbortSignal): Promise<QueryResult>

  /**
   * Carries out a statement that changes the engine's catalog: only one that this program wrote itself, never a caller's.
   * Only where a catalog has to be told of partitions. Safe to repeat where the statement is.
   */
  define?(sql: string, signal: AbortSignal): Promise<void>

  /**
   * What the statement would read, found without reading it. Absent where the engine cannot say: then what the archive
   * knows of the topics that the statement may name has to do. Throws what `run` throws of a statement's text.
   */
  estimate?(query: EngineQuery, signal: AbortSignal): Promise<QueryEstimate>

  /** What it costs to scan so many bytes; only of an engine that bills by it. */
  costUsd?(scannedBytes: number): number

  /** Has what the next statement needs ready before it comes, for a process that will run many. */
  keepReady?(): void

  /** Stops what still runs. The engine is not used afterwards. */
  close(): Promise<void>
}

/** How an engine writes what differs between SQL engines. */
export interface SqlDialect {
  /** Whose way of writing lambdas and structs it follows. */
  readonly syntax: 'duckdb' | 'trino'
  /** The parameter's place in the text; `position` counts all places from 0. */
  placeholder(name: string, position: number): string
  /** A name as a quoted identifier. */
  identifier(name: string): string
  /**
   * A topic in FROM, where its name alone does not do: the rows of the partitions within the bounds, or of all, with the
   * types that they have everywhere.
   */
  table?(topic: string, bounds: PartitionBounds | null): string
}

/**
 * Between what the partition columns of a topic's files lie that are asked for, as text, both ends inclusive: the first
 * column by itself, and all of them put together with `/`. At least one column.
 */
export interface PartitionBounds {
  columns: readonly string[]
  first: { from: string; to: string }
  joined: { from: string; to: string }
}

export interface EngineQuery {
  /**
   * Names this run, so that an engine that bills by the run can start it once however often it is asked to. Another
   * statement needs another id. Left out: each call is a run of its own.
   */
  id?: string
  sql: string
  /** One per place in the text, in their order; where names are used, equal names have equal values. */
  parameters: readonly BoundParameter[]
  /** For engines that read files themselves; one with a catalog of its own never asks. */
  tables: TableSource
  limits: QueryLimits
  /** Called now and then with the share of the work that is done, 0 to 1, where the engine knows. */
  onProgress?: (share: number) => void
}

/** At most so much is read: engines leave out columns and parts of files that they can tell are not needed. */
export interface QueryEstimate {
  files: number
  bytes: number
  /** For engines that cost by what they read. */
  costUsd?: number
}

/** A typed value for a placeholder. */
export type BoundParameter = { name: string } & (
  | { type: 'string'; value: string }
  | { type: 'integer'; value: bigint }
  | { type: 'double'; value: number }
  | { type: 'boolean'; value: boolean }
  /** Microseconds since the epoch, UTC. */
  | { type: 'timestamp'; value: bigint }
)

/** The archive's topics as tables. */
export interface TableSource {
  /** All topics, sorted. */
  names(): Promise<readonly string[]>
  /**
   * The topics, at one moment each; their files stay readable until the query has ended. `bounds` by topic: rows beyond
   * them are not asked for, so that files which hold only such may be left out, or few rows come instead of files.
   */
  load(names: readonly string[], signal: AbortSignal, bounds?: ReadonlyMap<string, RowBounds>): Promise<LocalTables>
  /** What `load` would give at most, without bringing it here, or looking into files for keys. */
  measure(names: readonly string[], bounds?: ReadonlyMap<string, RowBounds>): Promise<QueryEstimate>
}

/** Rows that a statement can use of a table; others may be shown to it or not. Null: open on that side, or any. */
export interface RowBounds {
  partitions: readonly number[] | null
  /** Offsets `[fromOffset, untilOffset)`. */
  fromOffset: bigint | null
  untilOffset: bigint | null
  /** Of one of these keys. */
  keys: readonly Uint8Array[] | null
  time: TimeWindow
}

export interface LocalTables {
  /** Local folder that all files' paths are relative to. Nothing else of it may be read. */
  folder: string
  tables: readonly ArchiveTable[]
}

/** A topic as a table: the columns of a row (format/row-columns), then the partition columns of the paths as text. */
export interface ArchiveTable {
  name: string
  partitionColumns: readonly string[]
  contents: TableOfFiles | TableOfRows
  /** Files in which its rows are, and their bytes; where rows were read already, the bytes that this took. */
  files: number
  bytes: number
}

export interface TableOfFiles {
  kind: 'files'
  /** The files, by which partition columns their paths hold: more than one part where the path format was changed. */
  parts: readonly TablePart[]
  /** Only rows in it belong to the table; null: all. */
  window: TimeWindow | null
}

/** Rows that were read already, because they are few: all of the table that the statement can use. */
export interface TableOfRows {
  kind: 'rows'
  rows: readonly TableRow[]
}

export interface TableRow {
  partition: number
  offset: bigint
  timestampMicros: bigint
  key: Uint8Array | null
  value: Uint8Array | null
  headers: readonly { key: string; value: Uint8Array | null }[]
  /** One for each partition column of the table; null where the row's path has no such folder. */
  partitionValues: readonly (string | null)[]
}

export interface TablePart {
  partitionColumns: readonly string[]
  paths: readonly string[]
}

/** Record times `[fromMicros, untilMicros)`, microseconds since the epoch; null: open on that side. */
export interface TimeWindow {
  fromMicros: bigint | null
  untilMicros: bigint | null
}

/** Bounds of a query: beyond rows or bytes the result is cut and says so, beyond time or memory it fails. */
export interface QueryLimits {
  maxRows: number
  /** Of the values that are returned, roughly. */
  maxResultBytes: number
  /** From the start of the run to its last row. */
  timeoutMs: number
  maxMemoryBytes: number
}

export interface QueryColumn {
  name: string
  /** In the engine's own words: `TIMESTAMP WITH TIME ZONE`. */
  type: string
}

export interface QueryResult {
  columns: readonly QueryColumn[]
  /** To be read once, to its end or until `return()`, which stops the statement. */
  rows: AsyncIterableIterator<readonly QueryValue[][]>
  /** Final after the last row. */
  statistics(): QueryStatistics
  /**
   * Resolves when the engine holds nothing of the query any more, whatever way it ended, also if no row was read; that may be
   * a moment after the last row. Rejects where something of it could not be removed.
   */
  ended: Promise<void>
}

/**
 * A value of a result. 32-bit integers and floats are numbers, larger integers bigints. Decimals, UUIDs and intervals
 * are their text; times ISO 8601 with all their digits, `…Z` where the type has a time zone. Lists are arrays, structs
 * plain objects, maps lists of `{key, value}`.
 */
export type QueryValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly QueryValue[]
  | { readonly [field: string]: QueryValue }

export interface QueryStatistics {
  /** Rows returned so far. */
  rows: number
  /** Set when there were more rows than the limits allow. */
  truncated: boolean
  /** Files and bytes the statement could look at, after pruning; 0 files where the engine does not tell. */
  files: number
  bytes: number
  elapsedMs: number
  /** What the engine says it has read, and what that costs, where it counts. */
  scannedBytes?: number
  costUsd?: number
  /** The engine's own name for the run, for its console and its logs. */
  engineQueryId?: string
  /** The rows are those of an earlier run, which were taken again. */
  isReused?: boolean
}
