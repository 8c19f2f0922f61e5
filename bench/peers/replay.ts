/** Parquet in S3 back to Kafka by hyparquet and kafkajs' transactional producer, each partition in offset order. */
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import kafkajs from 'kafkajs'
import { registerCodecs } from '../kit/codecs.ts'
import type { ReplayJob } from '../kit/peer-job.ts'

interface Row {
  record_offset: bigint
  record_timestamp: bigint
  record_key: Uint8Array | null
  record_value: Uint8Array | null
  record_headers: { key: string; value: Uint8Array | null }[]
}

const job = JSON.parse(process.argv[2]!) as ReplayJob
registerCodecs()
const { accessKeyId, secretAccessKey, endpoint, region, bucket, target } = job
const s3 = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
const asBuffer = (bytes: Uint8Array | null): Buffer | null =>
  bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

async function readRows(key: string): Promise<Row[]> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  if (Body === undefined) throw new Error(`${key} is empty`)
  const { buffer, byteOffset, byteLength } = await Body.transformToByteArray()
  const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
  const parsers = { timestampFromMicroseconds: (micros: bigint) => micros }
  return (await parquetReadObjects({ file, compressors, utf8: false, geoparquet: false, parsers })) as unknown as Row[]
}

const startedAt = performance.now()
const files = new Map<number, string[]>()
const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `topics/${job.topic}/` }))
for (const { Key = '' } of Contents) {
  const partition = Number(Key.split('+')[1])
  files.set(partition, [...(files.get(partition) ?? []), Key])
}
const kafka = new kafkajs.Kafka({ clientId: 'peer', brokers: job.brokers.split(','), logLevel: kafkajs.logLevel.ERROR })
const producer = kafka.producer({ transactionalId: 'peer', maxInFlightRequests: 1, idempotent: true })
await producer.connect()
let records = 0
let transaction = await producer.transaction()
let open = 0
const sendRecords = 5_000
for (const [partition, keys] of files) {
  const rows = (await Promise.all(keys.map(readRows))).flat()
  rows.sort((a, b) => (a.record_offset < b.record_offset ? -1 : 1))
  for (let from = 0; from < rows.length; from += sendRecords) {
    const messages = rows.slice(from, from + sendRecords).map((row) => ({
      partition,
      timestamp: String(row.record_timestamp / 1000n),
      key: asBuffer(row.record_key),
      value: asBuffer(row.record_value),
      headers: Object.fromEntries(row.record_headers.map(({ key, value }) => [key, asBuffer(value) ?? undefined])),
    }))
    await transaction.send({ topic: target, compression: kafkajs.CompressionTypes.ZSTD, messages })
    records += messages.length
    open += messages.length
    if (open < job.transactionRecords) continue
    await transaction.commit()
    transaction = await producer.transaction()
    open = 0
  }
}
await transaction.commit()
const seconds = (performance.now() - startedAt) / 1000
await producer.disconnect()
console.log(JSON.stringify({ records, seconds }))
