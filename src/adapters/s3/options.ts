import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { InvalidInputError } from '../../errors.ts'
import { objectPathFault } from '../../ports/object-path.ts'

/** How to reach an S3 store. What is left out is asked of the AWS default chain: environment, profile, instance role. */
export interface S3Options {
  /** `https://host[:port]` of a store that is not AWS. Holds no credentials. */
  endpoint?: string
  /** Defaults to the AWS chain's, and to `us-east-1` where an endpoint is given: most other stores do not care. */
  region?: string
  /** Address buckets as `endpoint/bucket` instead of `bucket.endpoint`. Default: yes when an endpoint is given. */
  forcePathStyle?: boolean
  /** Given together or not at all. */
  accessKeyId?: string
  secretAccessKey?: string
  sessionToken?: string
  /** Tries of a request, the first one counted. Default 6: about ten seconds of patience. */
  maxAttempts?: number
  /** Longest wait for a connection. Default 5,000. */
  connectTimeoutMs?: number
  /** Longest silence on an open connection. Default 30,000. */
  idleTimeoutMs?: number
  /** Most connections at a time, kept alive between requests. Default 64. */
  maxConnections?: number
}

/** A place in a bucket. `prefix` is empty or ends with `/`. */
export interface S3Location {
  bucket: string
  prefix: string
}

/** Reads `s3://bucket[/prefix]`. Throws InvalidInputError `store-url-invalid`. */
export function parseS3Url(url: string): S3Location {
  const parts = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?:\/(.*))?$/s.exec(url)
  const prefix = (parts?.[2] ?? '').replace(/\/$/, '')
  const fault = prefix === '' ? null : objectPathFault(prefix)
  if (parts === null || fault !== null) {
    // Not shown: someone may have put credentials into it.
    throw new InvalidInputError(
      'store-url-invalid',
      `The store's URL is not valid: ${fault ?? 'no bucket name in it'}.`,
      {
        remedy: 'Write it as s3://bucket or s3://bucket/prefix, without host, credentials or query.',
      },
    )
  }
  return { bucket: parts[1]!, prefix: prefix === '' ? '' : `${prefix}/` }
}

const drop = (): void => undefined
const silent = { trace: drop, debug: drop, info: drop, warn: drop, error: drop }

/** The SDK's configuration. It never retries by itself: one retry loop (retry.ts) covers requests and bodies alike. */
export function s3ClientConfig(options: S3Options): S3ClientConfig {
  const agent = { keepAlive: true, maxSockets: options.maxConnections ?? 64 }
  return {
    ...endpointOf(options),
    ...credentialsOf(options),
    maxAttempts: 1,
    // The body's SHA-256 is signed; a checksum trailer on top of it is refused by some stores.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The SDK prints a line for every conditional PUT that loses, as it cannot repeat a stream; errors tell the rest.
    logger: silent,
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs ?? 5_000,
      socketTimeout: options.idleTimeoutMs ?? 30_000,
      // Options, not agents: with an agent of ours the SDK would not wait for `100 Continue` before a large body.
      httpAgent: agent,
      httpsAgent: agent,
    },
  }
}

function endpointOf(options: S3Options): S3ClientConfig {
  const region = options.region ?? (options.endpoint === undefined ? undefined : 'us-east-1')
  const config: S3ClientConfig = {
    forcePathStyle: options.forcePathStyle ?? options.endpoint !== undefined,
    ...(region === undefined ? {} : { region }),
  }
  if (options.endpoint === undefined) return config
  const endpoint = URL.parse(options.endpoint)
  if (
    endpoint === null ||
    !/^https?:$/.test(endpoint.protocol) ||
    endpoint.username !== '' ||
    endpoint.password !== ''
  ) {
    throw new InvalidInputError(
      'store-endpoint-invalid',
      'The S3 endpoint is not an http or https URL without credentials.',
      {
        remedy: 'Write it as https://host[:port]; credentials have their own settings.',
      },
    )
  }
  return { ...config, endpoint: endpoint.href }
}

function credentialsOf(options: S3Options): S3ClientConfig {
  const { accessKeyId, secretAccessKey, sessionToken } = options
  if (accessKeyId === undefined && secretAccessKey === undefined) return {}
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new InvalidInputError(
      'store-credentials-incomplete',
      'Only one of S3 access key id and secret access key is given.',
      {
        remedy: 'Give both, or neither to use the AWS default chain.',
      },
    )
  }
  return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } }
}
