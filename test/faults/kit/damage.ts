import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import type { KafkaServer } from '../../kit/kafka.ts'

/** Damages a partition's log on the disk of a broker that is down. Answers which offsets cannot be read any more. */
export type Damage = (logFile: string) => Promise<{ first: number; last: number }>

/** The only segment file of a partition of a small topic. */
export function logFileOf(server: KafkaServer, topic: string, partition: number): string {
  return join(server.logFolder, `${topic}-${partition}`, '00000000000000000000.log')
}

const headerBytes = 61
const lastOffsetDeltaAt = 23

/** Flips one bit in the middle of the batch that holds an offset. */
export const flipBit =
  (offset: number): Damage =>
  async (logFile) => {
    const log = await readFile(logFile)
    for (let at = 0; at < log.length; ) {
      const first = Number(log.readBigInt64BE(at))
      const bytes = 12 + log.readInt32BE(at + 8)
      const last = first + log.readInt32BE(at + lastOffsetDeltaAt)
      if (first <= offset && offset <= last) {
        const middle = at + Math.floor((headerBytes + bytes) / 2)
        const file = await open(logFile, 'r+')
        await file.write(Buffer.from([log[middle]! ^ 0x10]), 0, 1, middle)
        await file.close()
        return { first, last }
      }
      at += bytes
    }
    throw new Error(`${logFile} holds no offset ${offset}`)
  }

/** Codes of the codecs in a batch's attributes. */
const codecs = { gzip: 1, zstd: 4 } as const
const bombBytes = 320 * 1024 * 1024

/** Appends a batch of one valid record, with a checksum that is right, that inflates to 320 MiB of zeros. */
export const appendBomb =
  (codec: keyof typeof codecs): Damage =>
  async (logFile) => {
    const log = await readFile(logFile)
    let offset = 0
    for (let at = 0; at < log.length; at += 12 + log.readInt32BE(at + 8))
      offset = Number(log.readBigInt64BE(at)) + log.readInt32BE(at + lastOffsetDeltaAt) + 1
    const record = oneRecord(Buffer.alloc(bombBytes))
    const payload = codec === 'zstd' ? zstdCompressSync(record) : gzipSync(record)
    const file = await open(logFile, 'a')
    await file.write(batchOf(offset, codecs[codec], payload))
    await file.close()
    return { first: offset, last: offset }
  }

/** Attributes, timestamp delta and offset delta 0, no key, the value, no headers. */
function oneRecord(value: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from([0, 0, 0]), varint(-1), varint(value.length), value, varint(0)])
  return Buffer.concat([varint(body.length), body])
}

function batchOf(offset: number, codec: number, payload: Buffer): Buffer {
  const batch = Buffer.alloc(headerBytes + payload.length)
  batch.writeBigInt64BE(BigInt(offset), 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(codec, 21)
  const stamp = BigInt(Date.UTC(2026, 0, 14, 9))
  for (const at of [27, 35]) batch.writeBigInt64BE(stamp, at)
  batch.writeBigInt64BE(-1n, 43)
  batch.writeInt16BE(-1, 51)
  batch.writeInt32BE(-1, 53)
  batch.writeInt32BE(1, 57)
  payload.copy(batch, headerBytes)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}
