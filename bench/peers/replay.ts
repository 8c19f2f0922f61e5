/**
 * Parquet in S3 back to Kafka by hyparquet and kafkajs' transactional producer, each partition in offset order. The next
 * file is fetched, and the next messages are made, while a batch is on its way.
 */
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import kafkajs, { type Transaction } from 'kafkajs'
import { registerCodecs } from '../kit/codecs.ts'
import type { ReplayJob } from '../kit/peer-job.ts'

interface Row {
  record_offset: bigint
  record_timestamp: bigint
  record_key: Uint8Array | null
  record_value: Uint8Array | null
  record_headers: { key: string; value: Uint8Array | null }[]
}

/** A file as its name tells it. */
interface NamedFile {
  key: string
  partition: number
  firstOffset: bigint
}

const job = JSON.parse(process.argv[2]!) as ReplayJob
registerCodecs()
const { accessKeyId, secretAccessKey, endpoint, region, bucket, target } = job
const s3 = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
const compression = job.codec === 'zstd' ? kafkajs.CompressionTypes.ZSTD : kafkajs.CompressionTypes.None
/** Of a batch. */
const sendRecords = 5_000
const asBuffer = (bytes: Uint8Array | null): Buffer | null =>
  bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** Ascending by partition and first offset. */
async function listFiles(): Promise<NamedFile[]> {
  const files: NamedFile[] = []
  let ContinuationToken: string | undefined
  do {
    const Prefix = `topics/${job.topic}/`
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix, ContinuationToken }))
    for (const { Key = '' } of page.Contents ?? []) {
      const [, partition, offset] = /\+(\d+)\+(\d+)\.parquet$/.exec(Key) ?? []
      files.push({ key: Key, partition: Number(partition), firstOffset: BigInt(offset ?? 0) })
    }
    ContinuationToken = page.NextContinuationToken
  } while (ContinuationToken !== undefined)
  return files.sort((a, b) => a.partition - b.partition || (a.firstOffset < b.firstOffset ? -1 : 1))
}

async function fetchFile({ key }: NamedFile): Promise<ArrayBuffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  if (Body === undefined) throw new Error(`${key} is empty`)
  const { buffer, byteOffset, byteLength } = await Body.transformToByteArray()
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
}

async function rowsOf(file: ArrayBuffer): Promise<Row[]> {
  const parsers = { timestampFromMicroseconds: (micros: bigint) => micros }
  return (await parquetReadObjects({ file, compressors, utf8: false, geoparquet: false, parsers })) as unknown as Row[]
}

/** The rows by partition and offset; files whose offsets do not overlap come one after the other. */
async function* runs(files: readonly NamedFile[]): AsyncGenerator<{ partition: number; rows: Row[] }> {
  let held: Row[] = []
  let end = -1n
  let coming = files[0] === undefined ? null : fetchFile(files[0])
  for (const [index, { partition }] of files.entries()) {
    const bytes = await coming!
    const following = files[index + 1]
    coming = following === undefined ? null : fetchFile(following)
    const rows = await rowsOf(bytes)
    end = rows.reduce((last, { record_offset: offset }) => (offset > last ? offset : last), end)
    held = held.length === 0 ? rows : [...held, ...rows].sort((a, b) => (a.record_offset < b.record_offset ? -1 : 1))
    if (following?.partition === partition && following.firstOffset <= end) continue
    yield { partition, rows: held }
    held = []
    end = -1n
  }
}

const startedAt = performance.now()
const kafka = new kafkajs.Kafka({ clientId: 'peer', brokers: job.brokers.split(','), logLevel: kafkajs.logLevel.ERROR })
const producer = kafka.producer({ transactionalId: `peer-${target}`, maxInFlightRequests: 1, idempotent: true })
await producer.connect()
let records = 0
let open = 0
let transaction: Transaction = await producer.transaction()
let underWay: Promise<unknown> = Promise.resolve()
for await (const { partition, rows } of runs(await listFiles())) {
  for (let from = 0; from < rows.length; from += sendRecords) {
    const messages = rows.slice(from, from + sendRecords).map((row) => ({
      partition,
      timestamp: String(row.record_timestamp / 1000n),
      key: asBuffer(row.record_key),
      value: asBuffer(row.record_value),
      headers: Object.fromEntries(row.record_headers.map(({ key, value }) => [key, asBuffer(value) ?? undefined])),
    }))
    await underWay
    if (open >= job.transactionRecords) {
      await transaction.commit()
      transaction = await producer.transaction()
      open = 0
    }
    underWay = transaction.send({ topic: target, compression, messages })
    // it is awaited below; until then nobody else would take its error
    underWay.catch(() => undefined)
    records += messages.length
    open += messages.length
  }
}
await underWay
await transaction.commit()
const seconds = (performance.now() - startedAt) / 1000
await producer.disconnect()
console.log(JSON.stringify({ records, seconds }))
