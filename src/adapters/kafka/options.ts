import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { InvalidInputError } from '../../errors.ts'
import type { Codec } from '../../ports/record-block.ts'

/** How to reach a Kafka cluster. */
export interface KafkaOptions {
  /** `host:port` of some brokers; the others are learned from them. IPv6 hosts in brackets. */
  brokers: readonly string[]
  /** What the brokers' logs and quotas call this client. */
  clientId: string
  /** Present: connections are encrypted. An empty object trusts the system's certificate authorities. */
  tls?: TlsOptions
  sasl?: SaslOptions
  /** How long a broker may take to answer; 30 s unless told. */
  requestTimeoutMs?: number
  /** Compression of what is written; zstd unless told, which is also the fastest for events of some hundred bytes. */
  produceCodec?: Codec
  /** How members of classic groups behave, where brokers do not offer KIP-848 and set it themselves. */
  classicTiming?: Partial<ClassicTiming>
}

/** With KIP-848 the broker sets these; in a classic group the member does. */
export interface ClassicTiming {
  /** How long a member may be silent before it counts as dead; the broker has limits for it (`group.min.session.timeout.ms`). */
  sessionTimeoutMs: number
  heartbeatMs: number
  /** How often a member looks for new partitions and for topics that were deleted and created again. */
  metadataMs: number
}

/** How to authenticate. For OAUTHBEARER one of `token`, `tokenFile` and `tokenEndpointUrl` says where the token comes from. */
export interface SaslOptions {
  mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'
  username?: string
  password?: string
  token?: string
  /** Holds the token of now; read at every authentication. */
  tokenFile?: string
  /** Gives out tokens for client credentials (OAuth 2.0). */
  tokenEndpointUrl?: string
  clientId?: string
  clientSecret?: string
  scope?: string
}

export interface BrokerAddress {
  host: string
  port: number
}

/** Reads `host:port`. Throws InvalidInputError `broker-address-invalid`. */
export function parseBrokerAddress(text: string): BrokerAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@]+)):(\d{1,5})$/.exec(text.trim())
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (host === undefined || port < 1 || port > 65535) {
    throw new InvalidInputError('broker-address-invalid', `'${withoutUserInfo(text)}' is not a broker address`, {
      remedy: 'Give each broker as host:port, for example kafka-1.internal:9092.',
    })
  }
  return { host, port }
}

/** As `parseBrokerAddress` reads it. */
export function brokerAddressText(address: BrokerAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

// An address pasted from a URL may carry a password before the @.
function withoutUserInfo(text: string): string {
  return text.slice(text.lastIndexOf('@') + 1)
}
