import { ColdstreamError, InvalidInputError, NotFoundError, UnavailableError } from '../../errors.ts'

/** The SDK tells this by nothing but the message. */
export const regionMissing = 'Region is missing'

/** What is known of a failed request. `status` is null when no answer came. */
export interface S3Failure {
  name: string
  status: number | null
}

export function s3Failure(error: unknown): S3Failure {
  if (!(error instanceof Error)) return { name: typeof error, status: null }
  const metadata = '$metadata' in error ? error.$metadata : null
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : null
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null
  if (error.message === regionMissing) return { name: regionMissing, status: null }
  // The SDK's own errors have a telling name; those of the network are all called Error and have a code.
  return {
    name: error.name === 'Error' && code !== null ? code : error.name,
    status: typeof status === 'number' ? status : null,
  }
}

export function objectNotFound(url: string, path: string): NotFoundError {
  return new NotFoundError('object-not-found', `There is no object ${path} in ${url}.`, {
    remedy: 'Run `coldstream verify` on its topic: an object that the commit log names must be there.',
    details: { path },
  })
}

/** A store that does not do what the protocol of the archive is built on. */
export function unfitStore(url: string, observed: string): UnavailableError {
  return new UnavailableError('store-unsupported', `${url} cannot hold an archive: ${observed}.`, {
    remedy:
      'Use a store with conditional writes and S3 listing order (AWS S3, MinIO, versitygw, …); check it by `coldstream doctor`.',
  })
}

interface Diagnosis {
  when: (failure: S3Failure) => boolean
  code: string
  wrong: string
  remedy: string
  /** The setting is wrong, so trying again cannot help. */
  input?: true
}

const named =
  (...names: string[]) =>
  (failure: S3Failure) =>
    names.includes(failure.name)

/** From the particular to the general; the first that fits is told. */
const diagnoses: readonly Diagnosis[] = [
  {
    when: named('NoSuchBucket'),
    code: 'bucket-not-found',
    wrong: 'the bucket does not exist',
    remedy: 'Create the bucket, or correct the name in the store URL.',
    input: true,
  },
  {
    when: named('InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'XAdminUserNotFound'),
    code: 'store-credentials-refused',
    wrong: 'the store does not accept the credentials',
    remedy: 'Check access key id and secret access key, and that they belong to this endpoint.',
  },
  {
    when: named('ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'),
    code: 'store-credentials-expired',
    wrong: 'the credentials have expired',
    remedy: 'Renew the session token, or use a role that renews it by itself.',
  },
  {
    when: named('CredentialsProviderError'),
    code: 'store-credentials-missing',
    wrong: 'no credentials were found',
    remedy: 'Set store.s3.accessKeyId and secretAccessKey, AWS_* variables, a profile, or run under a role.',
    input: true,
  },
  {
    when: named('RequestTimeTooSkewed'),
    code: 'store-clock-skew',
    wrong: "this machine's clock differs too much from the store's",
    remedy: 'Synchronise the clock (NTP).',
  },
  {
    when: (failure) =>
      named('PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException')(failure) ||
      failure.status === 301,
    code: 'store-region-wrong',
    wrong: 'the bucket is in another region',
    remedy: "Set store.s3.region to the bucket's region.",
    input: true,
  },
  {
    when: named(regionMissing),
    code: 'store-region-missing',
    wrong: 'no region is configured',
    remedy: "Set store.s3.region or AWS_REGION to the bucket's region.",
    input: true,
  },
  {
    when: (failure) => failure.name === 'NotImplemented' || failure.status === 501,
    code: 'store-unsupported',
    wrong: 'the store does not implement the request',
    remedy: 'Use a store with conditional writes (If-None-Match); check it by `coldstream doctor`.',
    input: true,
  },
  {
    when: (failure) => failure.status === 401 || failure.status === 403,
    code: 'store-access-denied',
    wrong: 'access is denied',
    remedy: 'Allow s3:ListBucket on the bucket and s3:GetObject, s3:PutObject and s3:DeleteObject on its objects.',
  },
  {
    when: (failure) => failure.status === 429 || failure.status === 503,
    code: 'store-overloaded',
    wrong: 'the store asks to slow down or is not ready',
    remedy: 'Wait; when it goes on, raise the limits of the store.',
  },
  {
    when: (failure) => failure.status === null || failure.status === 408,
    code: 'store-unreachable',
    wrong: 'no answer came',
    remedy: 'Check endpoint, network, proxy and certificate, and that the store is running.',
  },
]

const anything: Omit<Diagnosis, 'when'> = {
  code: 'store-unavailable',
  wrong: 'the store refused the request',
  remedy: "Look at the store's own log.",
}

/**
 * Says what the operator has to do about a failed request. The SDK's error is not kept as the cause: it carries the
 * request, which is signed.
 */
export function s3Error(error: unknown, url: string, doing: string): unknown {
  if (error instanceof ColdstreamError || error instanceof RangeError || error instanceof TypeError) return error
  const failure = s3Failure(error)
  const { code, wrong, remedy, input } = diagnoses.find(({ when }) => when(failure)) ?? anything
  const facts = {
    remedy,
    cause: new Error(error instanceof Error ? `${failure.name}: ${error.message}` : failure.name),
    details: { url, reason: failure.name, ...(failure.status === null ? {} : { status: failure.status }) },
  }
  const message = `Could not ${doing} in ${url}: ${wrong} (${failure.name}${failure.status === null ? '' : `, HTTP ${failure.status}`}).`
  return input ? new InvalidInputError(code, message, facts) : new UnavailableError(code, message, facts)
}
