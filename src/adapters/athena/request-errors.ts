import { ColdstreamError, InvalidInputError, UnavailableError } from '../../errors.ts'

/** What is known of a request to AWS that failed. `status` is null when no answer came. */
interface RequestFailure {
  name: string
  status: number | null
  message: string
}

/** Whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ColdstreamError || error instanceof RangeError || error instanceof TypeError) return false
  const { name, status, message } = requestFailure(error)
  if (name === 'TooManyRequestsException' || name === 'ThrottlingException') return true
  if (status === null) return !isLocal(name, message)
  return status === 408 || status === 429 || status >= 500
}

/** Whether a request that failed may have been carried out nevertheless. */
export function mayHaveArrived(error: unknown): boolean {
  const { name, status, message } = requestFailure(error)
  return status === null ? !isLocal(name, message) : status >= 500
}

/** The SDK could not even send it. */
function isLocal(name: string, message: string): boolean {
  return (
    name === 'CredentialsProviderError' ||
    name === 'AbortError' ||
    message === 'Region is missing' ||
    name === 'TypeError'
  )
}

function requestFailure(error: unknown): RequestFailure {
  if (!(error instanceof Error)) return { name: typeof error, status: null, message: String(error) }
  const metadata = '$metadata' in error ? error.$metadata : null
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : null
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null
  return {
    // Errors of the network are all called Error, and have a code.
    name: error.name === 'Error' && code !== null ? code : error.name,
    status: typeof status === 'number' ? status : null,
    message: error.message,
  }
}

interface Diagnosis {
  when: RegExp
  code: string
  wrong: string
  remedy: string
  /** A setting is wrong, so trying again cannot help. */
  input?: true
}

/** Looked for in `name: message`; the first that fits is told. */
const diagnoses: readonly Diagnosis[] = [
  {
    when: /^CredentialsProviderError/,
    code: 'athena-credentials-missing',
    wrong: 'no credentials were found',
    remedy: 'Set query.athena.accessKeyId and secretAccessKey, AWS_* variables, a profile, or run under a role.',
    input: true,
  },
  {
    when: /Region is missing/,
    code: 'athena-region-missing',
    wrong: 'no region is configured',
    remedy: 'Set query.athena.region or AWS_REGION to the region of the tables.',
    input: true,
  },
  {
    when: /^(ExpiredToken|TokenRefreshRequired)/,
    code: 'athena-credentials-expired',
    wrong: 'the credentials have expired',
    remedy: 'Renew the session token, or use a role that renews it by itself.',
  },
  {
    when: /^(UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|InvalidAccessKeyId|IncompleteSignature)/,
    code: 'athena-credentials-refused',
    wrong: 'AWS does not accept the credentials',
    remedy: 'Check access key id, secret access key and session token, and that this clock is right.',
  },
  {
    when: /^AccessDenied/,
    code: 'athena-access-denied',
    wrong: 'access is denied',
    remedy: 'Compare the role with the policy in docs/athena.md.',
  },
  {
    when: /^InvalidRequestException: .*(WorkGroup .*not found|workgroup .*(not found|does not exist|disabled))/i,
    code: 'athena-workgroup',
    wrong: 'the workgroup cannot be used',
    remedy: 'Correct query.athena.workgroup, or create and enable the workgroup.',
    input: true,
  },
  {
    when: /^InvalidRequestException: .*(output location|OutputLocation|output bucket)/i,
    code: 'athena-output-location',
    wrong: 'there is no usable place for results',
    remedy: 'Set query.athena.outputLocation, or the result location of the workgroup, to a bucket in its region.',
    input: true,
  },
  {
    when: /^InvalidRequestException: .*(Idempotent|request token)/i,
    code: 'query-id-taken',
    wrong: 'the id of this query was used for another statement',
    remedy: 'Run it under another id.',
    input: true,
  },
  {
    when: /^(TooManyRequestsException|ThrottlingException)/,
    code: 'athena-throttled',
    wrong: 'Athena had too many requests or queries for longer than was waited',
    remedy: 'Run fewer queries at a time, or ask AWS for a higher quota.',
  },
  {
    when: /^(ResourceNotFoundException|MetadataException)/,
    code: 'athena-catalog',
    wrong: 'a thing that was named is not in the catalog',
    remedy: 'Correct query.athena.catalog and database, and create the tables as docs/athena.md says.',
    input: true,
  },
]

/**
 * Says what the operator has to do about a request that failed. The SDK's error is not kept as the cause: it carries the
 * request, which is signed.
 */
export function requestError(error: unknown, doing: string): unknown {
  if (error instanceof ColdstreamError || error instanceof RangeError || error instanceof TypeError) return error
  const failure = requestFailure(error)
  const { name, status, message } = failure
  const diagnosis = diagnoses.find(({ when }) => when.test(`${name}: ${message}`))
  const { code, wrong, remedy, input } = diagnosis ?? anything(failure)
  const facts = {
    remedy,
    cause: new Error(`${name}: ${message}`),
    details: { reason: name, ...(status === null ? {} : { status }) },
  }
  const text = `Could not ${doing} on Athena: ${wrong} (${name}${status === null ? '' : `, HTTP ${status}`}: ${message}).`
  return input ? new InvalidInputError(code, text, facts) : new UnavailableError(code, text, facts)
}

function anything({ status }: RequestFailure): Omit<Diagnosis, 'when'> {
  if (status === null) {
    return {
      code: 'athena-unreachable',
      wrong: 'no answer came',
      remedy: 'Check region, endpoint, network and proxy.',
    }
  }
  return { code: 'athena-refused', wrong: 'the request was refused', remedy: 'Look at the message that came with it.' }
}
