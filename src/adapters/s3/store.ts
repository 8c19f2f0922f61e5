import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { checkObjectFolder, checkObjectPath, checkObjectPrefix } from '../../ports/object-path.ts'
import type { ListOptions, ObjectInfo, ObjectStore } from '../../ports/object-store.ts'
import { bodyOf, readBody, sha256Hex, signBody } from './body.ts'
import { objectNotFound, s3Error, s3Failure, unfitStore } from './errors.ts'
import { type FetchPage, listFolders, listObjects } from './list.ts'
import { parseS3Url, type S3Location, type S3Options, s3ClientConfig } from './options.ts'
import { retrying } from './retry.ts'

const defaultMaxAttempts = 6

/**
 * Opens the archive in a bucket that exists. Nothing is asked of the store yet.
 * Throws InvalidInputError `store-url-invalid`, `store-endpoint-invalid`, `store-credentials-incomplete`.
 */
export function openS3Store(url: string, options: S3Options = {}): ObjectStore {
  return new S3Store(parseS3Url(url), new S3Client(s3ClientConfig(options)), options.maxAttempts ?? defaultMaxAttempts)
}

/** Objects in an S3 bucket. Create-if-absent is a PUT with `If-None-Match: *`. */
class S3Store implements ObjectStore {
  readonly url: string
  readonly #bucket: string
  readonly #prefix: string
  readonly #client: S3Client
  readonly #maxAttempts: number

  constructor(location: S3Location, client: S3Client, maxAttempts: number) {
    this.#bucket = location.bucket
    this.#prefix = location.prefix
    this.#client = client
    this.#maxAttempts = maxAttempts
    this.url = `s3://${location.bucket}/${location.prefix}`.replace(/\/$/, '')
  }

  get(path: string): Promise<Buffer> {
    return this.#try(`read ${path}`, () => this.#read(path))
  }

  async getRange(path: string, start: number, end: number): Promise<Buffer> {
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
      throw new RangeError(`bad byte range ${start}..${end} of ${path}`)
    }
    if (start === end) return this.#emptyRange(path)
    return this.#try(`read ${path}`, async () => {
      try {
        return await this.#read(path, { start, end })
      } catch (error) {
        if (s3Failure(error).status === 416) return Buffer.alloc(0) // It begins behind the object's end.
        throw error
      }
    })
  }

  async head(path: string): Promise<ObjectInfo | null> {
    checkObjectPath(path)
    const bytes = await this.#try(`look at ${path}`, () => this.#size(path))
    return bytes === null ? null : { path, bytes }
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    checkObjectPrefix(prefix)
    yield* listObjects({ ...options, root: this.#prefix, prefix }, this.#pagesOf(prefix), this.url)
  }

  async folders(folder: string): Promise<string[]> {
    checkObjectFolder(folder)
    return listFolders(this.#prefix + folder, this.#pagesOf(folder), this.url)
  }

  async createIfAbsent(path: string, chunks: readonly Uint8Array[]): Promise<'created' | 'exists'> {
    checkObjectPath(path)
    const bodySha256 = sha256Hex(chunks)
    const ContentLength = chunks.reduce((bytes, chunk) => bytes + chunk.length, 0)
    let isFirst = true
    return this.#try(`create ${path}`, async () => {
      // The answer to the first try may have been lost, also because a store that has the object hangs up on the body.
      if (!isFirst && (await this.#size(path)) !== null) return 'exists'
      isFirst = false
      const object = { ...this.#key(path), ContentLength, Body: bodyOf(chunks) }
      const command = new PutObjectCommand({ ...object, IfNoneMatch: '*' })
      signBody(command, bodySha256)
      try {
        await this.#client.send(command)
        return 'created'
      } catch (error) {
        if (s3Failure(error).status === 412) return 'exists'
        throw error
      }
    })
  }

  async delete(path: string): Promise<void> {
    checkObjectPath(path)
    await this.#try(`delete ${path}`, () => this.#client.send(new DeleteObjectCommand(this.#key(path))))
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }

  #pagesOf(prefix: string): FetchPage {
    return (request) =>
      this.#try(`list ${prefix}*`, () =>
        this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, ...request })),
      )
  }

  async #size(path: string): Promise<number | null> {
    try {
      const { ContentLength } = await this.#client.send(new HeadObjectCommand(this.#key(path)))
      if (ContentLength === undefined) throw unfitStore(this.url, `it tells no size of ${path}`)
      return ContentLength
    } catch (error) {
      // A HEAD's answer has no body, so a bucket that is not there looks the same; the first write or listing tells.
      if (s3Failure(error).status === 404) return null
      throw error
    }
  }

  async #read(path: string, range?: { start: number; end: number }): Promise<Buffer> {
    const { Body, ContentLength, ContentRange } = await this.#getObject(path, range)
    if (!(Body instanceof Readable)) throw new TypeError('the S3 client delivers no stream')
    const isAsked =
      range === undefined ||
      (ContentRange?.startsWith(`bytes ${range.start}-`) && ContentLength! <= range.end - range.start)
    if (isAsked && ContentLength !== undefined) return readBody(Body)
    Body.destroy()
    throw unfitStore(this.url, `it sends other bytes of ${path} than it was asked for, or does not tell how many`)
  }

  async #getObject(path: string, range?: { start: number; end: number }): Promise<GetObjectCommandOutput> {
    checkObjectPath(path)
    const Range = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }
    try {
      return await this.#client.send(new GetObjectCommand({ ...this.#key(path), ...Range }))
    } catch (error) {
      // By name: versitygw answers 404 also to an access key that it does not know.
      throw s3Failure(error).name === 'NoSuchKey' ? objectNotFound(this.url, path) : error
    }
  }

  /** HTTP cannot ask for no bytes, but whether the object is there has still to be told. */
  async #emptyRange(path: string): Promise<Buffer> {
    if ((await this.head(path)) === null) throw objectNotFound(this.url, path)
    return Buffer.alloc(0)
  }

  #key(path: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + path }
  }

  async #try<T>(doing: string, request: () => Promise<T>): Promise<T> {
    try {
      return await retrying(this.#maxAttempts, request)
    } catch (error) {
      throw s3Error(error, this.url, doing)
    }
  }
}
