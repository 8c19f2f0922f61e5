import { addAbortSignal, Readable } from 'node:stream'
import type * as Sdk from '@aws-sdk/client-s3'
import { type AthenaOptions, resultClientConfig, splitS3Url } from './options.ts'
import { requestError } from './request-errors.ts'
import { type Pace, retrying } from './retry.ts'

interface Loaded {
  sdk: typeof Sdk
  client: Sdk.S3Client
}

/** The results that Athena wrote into S3. */
export class ResultObjects {
  readonly #options: AthenaOptions
  readonly #pace: Pace
  #loading: Promise<Loaded> | null = null

  constructor(options: AthenaOptions, pace: Pace) {
    this.#options = options
    this.#pace = pace
  }

  /** Begins to read an object by its `s3://` URL; the stream is to be read or destroyed. */
  async open(url: string, signal: AbortSignal): Promise<Readable> {
    const { bucket, key } = splitS3Url(url)
    const { sdk, client } = await this.#load()
    try {
      const { Body } = await retrying(this.#pace, signal, () =>
        client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal }),
      )
      if (!(Body instanceof Readable)) throw new TypeError('the S3 client delivers no stream')
      return addAbortSignal(signal, Body)
    } catch (error) {
      signal.throwIfAborted()
      throw requestError(error, `read ${url}`)
    }
  }

  async close(): Promise<void> {
    const loaded = await this.#loading
    loaded?.client.destroy()
  }

  #load(): Promise<Loaded> {
    this.#loading ??= import('@aws-sdk/client-s3').then((sdk) => ({
      sdk,
      client: new sdk.S3Client(resultClientConfig(this.#options)),
    }))
    return this.#loading
  }
}
