import { findErrorBy } from '@platformatic/kafka'
import { ColdstreamError, UnavailableError } from '../../errors.ts'

/** What node:tls calls a certificate that it does not accept. */
const certificateFaults = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Why there is no connection, told from what the client library threw while it connected and authenticated. */
export function connectFailure(address: string, error: unknown): Error {
  const details = { broker: address }
  const own = chain(error).find((part) => part instanceof ColdstreamError)
  if (own !== undefined) return own
  if (has(error, 'PLT_KFK_AUTHENTICATION')) {
    // No cause: what SASL exchanged stays out of logs.
    return new UnavailableError('broker-authentication-failed', `Kafka at ${address} did not accept the credentials`, {
      remedy:
        "Check user name, password (or token: its end, issuer and audience) and SASL mechanism against the broker's; the mechanism must be enabled there.",
      details,
    })
  }
  if (chain(error).some((part) => 'code' in part && certificateFaults.has(String(part.code)))) {
    const message = `The certificate of Kafka at ${address} is not accepted: ${chainText(error)}`
    return new UnavailableError('broker-certificate-refused', message, {
      remedy:
        'Set kafka.tls.caFile to the authority that signed it, and kafka.tls.servername if it is for another name than the one connected to.',
      cause: error,
      details,
    })
  }
  return new UnavailableError('broker-unreachable', `Cannot connect to Kafka at ${address}: ${chainText(error)}`, {
    remedy: `Check that a broker listens at ${address} and can be reached from here (host name, port, firewall), and that TLS is set as its listener has it.`,
    cause: error,
    details,
  })
}

/** The way to a broker broke; `answered` tells whether it ever said anything. */
export function connectionLost(address: string, error: unknown, answered: boolean): UnavailableError {
  return new UnavailableError('broker-connection-lost', `Kafka at ${address} broke off: ${chainText(error)}`, {
    remedy: answered
      ? 'Look at the broker and the network; the work goes on from the last commit when it is tried again.'
      : // A broker that expects TLS or SASL hangs up on the first request of a client that does neither.
        'If it happens every time, the listener at this port expects TLS or SASL, or a client certificate (kafka.tls.certFile): set them as the broker has them.',
    cause: error,
    details: { broker: address },
  })
}

/** Whether the client library threw it because of the way to the broker. */
export function isOfTheWay(error: unknown): boolean {
  return (
    has(error, 'PLT_KFK_NETWORK') ||
    has(error, 'PLT_KFK_TIMEOUT') ||
    has(error, 'PLT_KFK_USER') ||
    has(error, 'PLT_KFK_UNEXPECTED_CORRELATION_ID')
  )
}

function has(error: unknown, code: string): boolean {
  return chain(error).some((part) => findErrorBy(part, 'code', code) !== null)
}

/** The error and what led to it, first to last; bounded in case of a loop. */
function chain(error: unknown): Error[] {
  const found: Error[] = []
  let next = error
  while (next instanceof Error && found.length < 8) {
    found.push(next)
    next = next.cause ?? (next instanceof AggregateError ? next.errors[0] : undefined)
  }
  return found
}

function chainText(error: unknown): string {
  const parts = chain(error).map((part) => part.message.replace(/\.$/, ''))
  return [...new Set(parts)].filter((part) => part !== '').join(': ') || String(error)
}
