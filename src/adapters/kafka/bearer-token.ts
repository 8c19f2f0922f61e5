import { readFile } from 'node:fs/promises'
import { UnavailableError } from '../../errors.ts'
import type { SaslOptions } from './options.ts'

/** The bearer token to authenticate with now; asked for at every authentication, as a token soon ends. */
export type BearerToken = () => Promise<string>

/** What an OAuth 2.0 token endpoint gives out, and when it is to be asked again. */
interface GrantedToken {
  text: string
  staleAtMs: number
}

const endpointTimeoutMs = 10_000
/** A token is used for this share of its life, so that a session that begins with it can still be renewed in time. */
const usedShare = 0.8
const millisecondsPerSecond = 1_000

/**
 * Where bearer tokens come from: as configured, from a file that someone renews, or from a token endpoint. The function
 * rejects with UnavailableError `bearer-token-unavailable`, which holds neither token nor client secret.
 */
export function bearerToken(sasl: Omit<SaslOptions, 'mechanism'> = {}): BearerToken {
  const { token = '', tokenFile, tokenEndpointUrl } = sasl
  if (tokenFile !== undefined) return () => tokenOfFile(tokenFile)
  if (tokenEndpointUrl !== undefined) return rememberingToken(() => grantedToken(tokenEndpointUrl, sasl))
  return () => Promise.resolve(token)
}

async function tokenOfFile(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unavailable(`The token file ${file} cannot be read (${error.code})`, forFile)
  })
  const token = text.trim()
  // What is no token must not get into a request, where it could begin another field.
  if (!/^[\w.~+/=-]+$/.test(token)) throw unavailable(`The token file ${file} holds no bearer token`, forFile)
  return token
}

/** Connections share a token until it is stale; those that ask at the same time wait for one answer. */
function rememberingToken(ask: () => Promise<GrantedToken>): BearerToken {
  let latest: Promise<GrantedToken> | null = null
  const freshAfter = async (earlier: Promise<GrantedToken> | null): Promise<GrantedToken> => {
    const known = await earlier?.catch(() => null)
    return known && Date.now() < known.staleAtMs ? known : ask()
  }
  return async () => {
    latest = freshAfter(latest)
    return (await latest).text
  }
}

async function grantedToken(
  url: string,
  { clientId = '', clientSecret = '', scope }: Omit<SaslOptions, 'mechanism'>,
): Promise<GrantedToken> {
  const askedAtMs = Date.now()
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':')
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      accept: 'application/json',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }),
    redirect: 'error',
    signal: AbortSignal.timeout(endpointTimeoutMs),
  }).catch((error: Error) => {
    throw unavailable(`The token endpoint ${url} cannot be reached: ${reasonOf(error)}`, forEndpoint)
  })
  const answer = await response.json().catch(() => null)
  if (!response.ok) {
    throw unavailable(`The token endpoint ${url} refused (HTTP ${response.status}${errorCodeOf(answer)})`, forEndpoint)
  }
  const text = fieldOf(answer, 'access_token')
  if (typeof text !== 'string' || text === '') {
    throw unavailable(`The token endpoint ${url} answered without an access_token`, forEndpoint)
  }
  const seconds = Number(fieldOf(answer, 'expires_in') ?? 0)
  return { text, staleAtMs: askedAtMs + usedShare * seconds * millisecondsPerSecond }
}

function fieldOf(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null
    ? Object.entries(answer).find(([key]) => key === name)?.[1]
    : null
}

/** The code that OAuth defines for a refusal; nothing else of an answer is repeated. */
function errorCodeOf(answer: unknown): string {
  const code = fieldOf(answer, 'error')
  return typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? `, ${code}` : ''
}

function reasonOf(error: Error): string {
  const { cause } = error
  return cause instanceof Error ? cause.message : error.message
}

const forFile =
  'Look whether whoever renews the file (kafka.sasl.tokenFile) still runs, and whether it may be read. A new token has to be renamed into place: a file that is written over can be read while it is empty.'
const forEndpoint = 'Check kafka.sasl.tokenEndpointUrl, clientId, clientSecret and scope against the identity provider.'

function unavailable(what: string, remedy: string): UnavailableError {
  return new UnavailableError('bearer-token-unavailable', `${what}, so Kafka cannot be told who this is`, { remedy })
}
