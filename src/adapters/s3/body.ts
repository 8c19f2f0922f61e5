import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { PutObjectCommand } from '@aws-sdk/client-s3'

/** SHA-256 of the chunks one after the other, in hex. */
export function sha256Hex(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * The chunks as a body, not concatenated. A stream is read once, so every try needs a new body; a single chunk goes as
 * it is, so that an entry of the commit log leaves in one packet with its header.
 */
export function bodyOf(chunks: readonly Uint8Array[]): Readable | Uint8Array {
  const filled = chunks.filter((chunk) => chunk.length > 0)
  return filled.length > 1 ? Readable.from(filled) : (filled[0] ?? Buffer.alloc(0))
}

/**
 * Signs the body's hash into the request, which the SDK does only for bodies it has in one piece; so the store refuses
 * an upload that was damaged on its way.
 */
export function signBody(command: PutObjectCommand, bodySha256: string): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const { request } = args
      if (!hasHeaders(request)) throw new TypeError('the S3 client sends no HTTP request')
      request.headers['x-amz-content-sha256'] = bodySha256
      return next(args)
    },
    { step: 'build', name: 'signBody' },
  )
}

function hasHeaders(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'headers' in request
}

/** Reads the rest of a response. Throws the stream's error when it breaks. */
export async function readBody(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the S3 client delivers no bytes')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
