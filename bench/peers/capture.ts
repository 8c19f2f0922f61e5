/** Kafka to Parquet in S3 by kafkajs, parquetjs-lite (snappy: it has no zstd) and the AWS SDK. */
import { Writable } from 'node:stream'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import kafkajs from 'kafkajs'
import parquetjs from 'parquetjs-lite'
import { registerCodecs } from '../kit/codecs.ts'
import type { PeerJob } from '../kit/peer-job.ts'

const job = JSON.parse(process.argv[2]!) as PeerJob
const hourMs = 3_600_000
registerCodecs()
const { accessKeyId, secretAccessKey, endpoint, region } = job
const s3 = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
const compression = 'SNAPPY'
const schema = new parquetjs.ParquetSchema({
  record_partition: { type: 'INT32', compression },
  record_offset: { type: 'INT64', compression },
  record_timestamp: { type: 'TIMESTAMP_MICROS', compression },
  record_key: { type: 'BYTE_ARRAY', optional: true, compression },
  record_value: { type: 'BYTE_ARRAY', optional: true, compression },
  record_headers: {
    repeated: true,
    fields: { key: { type: 'UTF8', compression }, value: { type: 'BYTE_ARRAY', optional: true, compression } },
  },
})

interface OpenFile {
  writer: Awaited<ReturnType<typeof parquetjs.ParquetWriter.openStream>>
  chunks: Buffer[]
  key: string
  rows: number
}

async function openFile(partition: number, hour: number, firstOffset: string): Promise<OpenFile> {
  const chunks: Buffer[] = []
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk)
      done()
    },
  })
  const writer = await parquetjs.ParquetWriter.openStream(schema, sink, { rowGroupSize: 65_536 })
  const [day, time] = new Date(hour * hourMs).toISOString().split('T')
  const key = `topics/${job.topic}/day=${day}/hour=${time?.slice(0, 2)}/${job.topic}+${partition}+${firstOffset.padStart(10, '0')}.parquet`
  return { writer, chunks, key, rows: 0 }
}

const uploads: Promise<unknown>[] = []
async function upload({ writer, chunks, key }: OpenFile): Promise<void> {
  await writer.close()
  uploads.push(s3.send(new PutObjectCommand({ Bucket: job.bucket, Key: key, Body: Buffer.concat(chunks) })))
}

const startedAt = performance.now()
const kafka = new kafkajs.Kafka({ clientId: 'peer', brokers: job.brokers.split(','), logLevel: kafkajs.logLevel.ERROR })
const admin = kafka.admin()
await admin.connect()
const total = (await admin.fetchTopicOffsets(job.topic)).reduce((sum, { high }) => sum + Number(high), 0)
await admin.disconnect()
const consumer = kafka.consumer({ groupId: 'peer', maxBytesPerPartition: 4 * 1024 * 1024, maxBytes: 32 * 1024 * 1024 })
await consumer.connect()
await consumer.subscribe({ topic: job.topic, fromBeginning: true })
const files = new Map<string, OpenFile>()
let records = 0
const finished = Promise.withResolvers<void>()
await consumer.run({
  autoCommit: false,
  async eachBatch({ batch: { partition, messages }, heartbeat }) {
    for (const { offset, timestamp, key, value, headers } of messages) {
      const hour = Math.floor(Number(timestamp) / hourMs)
      const place = `${partition}-${hour}`
      let file = files.get(place)
      if (file === undefined) {
        file = await openFile(partition, hour, offset)
        files.set(place, file)
      }
      await file.writer.appendRow({
        record_partition: partition,
        record_offset: Number(offset),
        record_timestamp: Number(timestamp) * 1000,
        record_key: key ?? undefined,
        record_value: value ?? undefined,
        record_headers: Object.entries(headers ?? {}).map(([name, bytes]) => ({ key: name, value: bytes })),
      })
      file.rows += 1
      if (file.rows === job.flushSize) {
        files.delete(place)
        await upload(file)
        await heartbeat()
      }
    }
    records += messages.length
    if (records >= total) finished.resolve()
  },
})
consumer.on(consumer.events.CRASH, ({ payload }) => finished.reject(payload.error))
await finished.promise
for (const file of files.values()) await upload(file)
await Promise.all(uploads)
const seconds = (performance.now() - startedAt) / 1000
await consumer.disconnect()
console.log(JSON.stringify({ records, seconds }))
