import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { openFileStore } from '../../src/adapters/file/store.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { Capture, type CaptureParts, type CaptureTotals } from '../../src/archive/capture.ts'
import { parquetDescriber } from '../../src/archive/commit/parquet-describer.ts'
import { parseConnector } from '../../src/archive/connector/parse.ts'
import { LocalShard } from '../../src/archive/shard/local-shard.ts'
import { ThreadMemory } from '../../src/archive/shard/thread-memory.ts'
import { type Finding, verifyTopic } from '../../src/archive/verify/verify.ts'
import { loadTopic } from '../../src/catalog/snapshot.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { Log } from '../../src/ports/log.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'

/** An archive in a folder of its own. */
export interface TestArchive {
  folder: string
  store: ObjectStore
  remove(): Promise<void>
}

export async function testArchive(): Promise<TestArchive> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-archive-'))
  const store = await openFileStore(pathToFileURL(folder).href)
  return {
    folder,
    store,
    async remove() {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Collects what is logged. */
export class MemoryLog implements Log {
  readonly lines: string[] = []
  info(message: string): void {
    this.lines.push(`info ${message}`)
  }
  warn(message: string): void {
    this.lines.push(`warn ${message}`)
  }
  error(message: string): void {
    this.lines.push(`error ${message}`)
  }
}

export type CaptureSettings = Partial<CaptureParts> & {
  config?: Record<string, string | number>
  /** Shared with other captures. */
  memory?: ThreadMemory
}

/** Opens a capture of one topic, with its shards on this thread. */
export function openCapture(
  eventLog: EventLog,
  store: ObjectStore,
  topic: string,
  settings: CaptureSettings = {},
): Promise<Capture> {
  const { config = {}, memory = new ThreadMemory(256 * 1024 * 1024), ...parts } = settings
  const outside = {
    connector: parseConnector({ name: `test-${topic}`, topics: topic, ...config }, 'test'),
    eventLog,
    store,
    clock: new SystemClock(),
    log: new MemoryLog(),
    ...parts,
  }
  return Capture.open({
    ...outside,
    threads: 2,
    topicRefreshMs: 500,
    shards: {
      open: (listener) =>
        Promise.resolve(
          new LocalShard({ ...outside, describer: parquetDescriber, writer: randomUUID() }, listener, memory),
        ),
      close: () => Promise.resolve(),
    },
    ...parts,
  })
}

/** Captures a topic up to its present end. */
export async function captureToEnd(
  eventLog: EventLog,
  store: ObjectStore,
  topic: string,
  settings?: CaptureSettings,
): Promise<CaptureTotals> {
  const capture = await openCapture(eventLog, store, topic, settings)
  return capture.run({ untilEnd: true }, new AbortController().signal)
}

export interface ArchivedRow {
  partition: number
  offset: bigint
  timestampMs: number
  key: string | null
  value: string | null
  headers: string
  file: string
}

/** All rows below `topics/`, read by DuckDB from the folder, never by our log; ordered by partition and offset. */
export async function rowsInFolder(folder: string): Promise<ArchivedRow[]> {
  const connection = await (await DuckDBInstance.create()).connect()
  try {
    const result = await connection.runAndReadAll(
      `SELECT record_partition, record_offset, epoch_ms(record_timestamp), hex(record_key), hex(record_value),
              array_to_string(list_transform(record_headers, lambda h: h.key || '=' || coalesce(hex(h.value), 'null')), ' '), filename
       FROM read_parquet('${folder}/topics/**/*.parquet', filename = true) ORDER BY 1, 2`,
    )
    return result.getRows().map(([partition, offset, timestampMs, key, value, headers, file]) => ({
      partition: Number(partition),
      offset: BigInt(String(offset)),
      timestampMs: Number(timestampMs),
      key: key === null ? null : Buffer.from(String(key), 'hex').toString(),
      value: value === null ? null : Buffer.from(String(value), 'hex').toString(),
      headers: String(headers),
      file: String(file).slice(folder.length + 1),
    }))
  } finally {
    connection.closeSync()
  }
}

/** What `verify` finds wrong with a topic. */
export async function findingsOf(store: ObjectStore, topic: string): Promise<Finding[]> {
  const findings: Finding[] = []
  const options = { describer: parquetDescriber, topicsDir: 'topics' }
  for await (const event of verifyTopic(store, await loadTopic(store, topic), options)) {
    if (event.kind === 'finding') findings.push(event.finding)
  }
  return findings
}
