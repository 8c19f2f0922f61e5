import { readdir } from 'node:fs/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { digest60, readTopic, recordText } from './read-topic.ts'

/** What is in one partition: of the topic as kafkajs reads it, or of the archive as DuckDB does. */
export interface PartitionContent {
  partition: number
  records: number
  distinctOffsets: number
  firstOffset: string
  lastOffset: string
  /** Sum over all records of 60 bits of the MD5 of everything that a record is. */
  digest: string
}

export interface ArchiveContent {
  files: number
  partitions: PartitionContent[]
  /** Rows that follow a row of the same file with an offset that is not smaller. */
  outOfOrder: number
  /** Rows in a file of another partition or hour, and files whose name is not their first offset. */
  misfiled: number
}

/** The content of a topic that holds no transactions, by kafkajs. */
export async function contentOfTopic(brokers: readonly string[], topic: string): Promise<PartitionContent[]> {
  const found = new Map<
    number,
    { records: number; offsets: Set<string>; first: bigint; last: bigint; digest: bigint }
  >()
  await readTopic(brokers, topic, (partition, message) => {
    const offset = BigInt(message.offset)
    let content = found.get(partition)
    if (content === undefined) {
      content = { records: 0, offsets: new Set(), first: offset, last: offset, digest: 0n }
      found.set(partition, content)
    }
    content.records += 1
    content.offsets.add(message.offset)
    if (offset < content.first) content.first = offset
    if (offset > content.last) content.last = offset
    content.digest += digest60(`${partition}|${message.offset}|${recordText(message)}`)
  })
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([partition, { records, offsets, first, last, digest }]) => ({
      partition,
      records,
      distinctOffsets: offsets.size,
      firstOffset: String(first),
      lastOffset: String(last),
      digest: String(digest),
    }))
}

/** A row as DuckDB reads it. */
export interface ArchivedRow {
  /** From the file's name: 1 without a suffix. */
  incarnation: number
  partition: number
  offset: string
  /** 60 bits of the MD5 of everything that the record is. */
  digest: string
}

type Ask = <Row>(sql: string) => Promise<Row[]>

/** Every row of all Parquet files below a folder; of none where the folder holds no file. */
export async function rowsOfFiles(folder: string): Promise<ArchivedRow[]> {
  const files = await readdir(folder, { recursive: true }).catch(() => [])
  if (!files.some((file) => file.endsWith('.parquet'))) return []
  return withArchived(folder, async (ask) => {
    const rows = await ask<Record<'incarnation' | 'partition' | 'offset' | 'digest', string>>(`
      SELECT coalesce(nullif(regexp_extract(file, '\\+\\d{10,}\\+(\\d+)\\.parquet$', 1), ''), '1') AS incarnation,
        p AS partition, o AS "offset", digest FROM archived`)
    return rows.map(({ incarnation, partition, offset, digest }) => ({
      incarnation: Number(incarnation),
      partition: Number(partition),
      offset: String(offset),
      digest: String(digest),
    }))
  })
}

async function withArchived<Result>(folder: string, use: (ask: Ask) => Promise<Result>): Promise<Result> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  const ask: Ask = async <Row>(sql: string) =>
    (await connection.runAndReadAll(sql)).getRowObjectsJson() as unknown as Row[]
  try {
    await ask(`SET TimeZone = 'UTC'`)
    await ask(`CREATE TABLE archived AS
      SELECT record_partition AS p, record_offset AS o, filename AS file, file_row_number AS n,
        strftime(record_timestamp, 'year=%Y/month=%m/day=%d/hour=%H') AS hour,
        ('0x' || substr(md5(p || '|' || o || '|' || epoch_ms(record_timestamp)
          || '|' || coalesce(lower(hex(record_key)), '-') || '|' || coalesce(lower(hex(record_value)), '-')
          || '|' || array_to_string([h.key || '=' || coalesce(lower(hex(h.value)), '-') FOR h IN record_headers], ',')
        ), 1, 15))::BIGINT AS digest
      FROM read_parquet('${folder.replaceAll("'", "''")}/**/*.parquet',
        filename = true, file_row_number = true, hive_partitioning = false)`)
    return await use(ask)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** The content of all Parquet files below a folder, by DuckDB, whatever any log says about them. */
export async function contentOfFiles(folder: string): Promise<ArchiveContent> {
  return withArchived(folder, async (ask) => {
    const partitions = await ask<Record<'p' | 'records' | 'offsets' | 'first' | 'last' | 'digest', string>>(`
      SELECT p, count(*) AS records, count(DISTINCT o) AS offsets, min(o) AS first, max(o) AS last, sum(digest) AS digest
      FROM archived GROUP BY p ORDER BY p`)
    const [order] = await ask<{ count: string }>(`
      SELECT count(*) AS count FROM
        (SELECT o - lag(o) OVER (PARTITION BY file ORDER BY n) AS step FROM archived) WHERE step <= 0`)
    const [places] = await ask<{ files: string; misfiled: string }>(`
      SELECT count(*) AS files, coalesce(sum(wrong), 0) AS misfiled FROM (
        SELECT count(*) FILTER (
          NOT contains(file, '/' || hour || '/') OR NOT contains(file, '+' || p || '+')
          OR (n = 0 AND NOT file.ends_with('+' || p || '+' || lpad(o::VARCHAR, 10, '0') || '.parquet'))) AS wrong
        FROM archived GROUP BY file)`)
    return {
      files: Number(places?.files),
      partitions: partitions.map(({ p, records, offsets, first, last, digest }) => ({
        partition: Number(p),
        records: Number(records),
        distinctOffsets: Number(offsets),
        firstOffset: first,
        lastOffset: last,
        digest,
      })),
      outOfOrder: Number(order?.count),
      misfiled: Number(places?.misfiled),
    }
  })
}
