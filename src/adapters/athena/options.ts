import type { AthenaClientConfig } from '@aws-sdk/client-athena'
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { InvalidInputError } from '../../errors.ts'

/** How to reach Athena, and what its queries may cost. */
export interface AthenaOptions {
  /** Whose limits and result location count; `primary` is there in every account. */
  workgroup: string
  /** Where tables are looked up that a statement names without a database. */
  database: string
  catalog: string
  /** `s3://bucket/prefix` for results. Null: the workgroup's own. */
  outputLocation: string | null
  /** Null: the AWS default chain's. */
  region: string | null
  /** URL of what speaks Athena's protocol but is not AWS. Null: AWS. */
  endpoint: string | null
  /** Null: the AWS default chain (environment, profile, role). */
  credentials: AthenaCredentials | null
  /** A result of the same statement that is not older is taken again, at no cost. Null: every query is run. */
  reuseMaxAgeMinutes: number | null
  /** Most bytes that one query may scan, whatever the workgroup allows. Null: only the workgroup's limit counts. */
  maxScannedBytes: number | null
  /** US dollars per 2^40 bytes scanned. */
  pricePerTb: number
  /** How result objects are read. Endpoint null: AWS. */
  results: { endpoint: string | null; forcePathStyle: boolean }
}

export interface AthenaCredentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

const drop = (): void => undefined
const silent = { trace: drop, debug: drop, info: drop, warn: drop, error: drop }

/** The SDK's configuration. It never retries by itself: the adapter does, by the injected clock. */
export function athenaClientConfig(options: AthenaOptions): AthenaClientConfig {
  return { ...common(options), ...(options.endpoint === null ? {} : { endpoint: options.endpoint }) }
}

/** For reading result objects. */
export function resultClientConfig(options: AthenaOptions): S3ClientConfig {
  const { endpoint, forcePathStyle } = options.results
  return { ...common(options), ...(endpoint === null ? {} : { endpoint }), forcePathStyle }
}

function common({ region, credentials }: AthenaOptions) {
  return {
    ...(region === null ? {} : { region }),
    ...(credentials === null ? {} : { credentials }),
    maxAttempts: 1,
    logger: silent,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 30_000 },
  }
}

/** Throws InvalidInputError `athena-output-location`. */
export function splitS3Url(url: string): { bucket: string; key: string } {
  const parts = /^s3:\/\/([^/]+)\/(.*)$/s.exec(url.replace(/^(s3:\/\/[^/]+)$/, '$1/'))
  if (parts === null) {
    throw new InvalidInputError('athena-output-location', `${JSON.stringify(url)} is no place in S3.`, {
      remedy: 'Write it as s3://bucket/prefix.',
    })
  }
  return { bucket: parts[1]!, key: parts[2]! }
}
