import { isIP } from 'node:net'
import { type API, Connection, findErrorBy, type Reader, type Writer } from '@platformatic/kafka'
import { ColdstreamError, UnavailableError } from '../../errors.ts'
import { type BrokerAddress, brokerAddressText, type KafkaOptions } from './options.ts'

const connectTimeoutMs = 5_000
const defaultRequestTimeoutMs = 30_000
/** As librdkafka and the Java client: the broker keeps the order of so many requests of one idempotent producer. */
const maxInFlight = 5

/**
 * A connection to one broker. Requests on it are answered in order, so a long poll delays what is sent after it: use a
 * lane of its own (KafkaCluster). Every failure of the way there is an UnavailableError; what the broker itself
 * answers, error codes included, is the result.
 */
export class BrokerConnection {
  /** `host:port` */
  readonly address: string
  readonly #connection: Connection
  #answered = false
  #lost = false

  private constructor(address: BrokerAddress, connection: Connection) {
    this.address = brokerAddressText(address)
    this.#connection = connection
    const lost = (): void => {
      this.#lost = true
    }
    connection.on('error', lost)
    connection.on('close', lost)
  }

  /** Connects and authenticates. Throws UnavailableError `broker-unreachable` or `broker-authentication-failed`. */
  static async open(address: BrokerAddress, options: KafkaOptions): Promise<BrokerConnection> {
    const connection = new Connection(options.clientId, {
      connectTimeout: connectTimeoutMs,
      requestTimeout: options.requestTimeoutMs ?? defaultRequestTimeoutMs,
      maxInflights: maxInFlight,
      tls: options.tls,
      tlsServerName: isIP(address.host) === 0 ? address.host : undefined,
      sasl: options.sasl,
    })
    const opened = new BrokerConnection(address, connection)
    try {
      await connection.connect(address.host, address.port)
    } catch (error) {
      await opened.close()
      throw connectFailure(opened.address, error)
    }
    return opened
  }

  /** False once the connection broke or was closed; it never comes back. */
  get usable(): boolean {
    return !this.#lost
  }

  /** Sends a request with flexible headers (all current versions) and parses its answer with `parse`. */
  send<T>(apiKey: number, version: number, build: () => Writer, parse: (reader: Reader) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null, result?: T): void => {
        if (error) {
          reject(this.#failure(error))
        } else {
          this.#answered = true
          resolve(result as T)
        }
      }
      this.#connection.send<T>(
        apiKey,
        version,
        build,
        (_id, _key, _version, reader) => parse(reader),
        true,
        true,
        settle,
      )
    })
  }

  /** Calls one of the client library's codecs. Error codes stay in the response for the caller to look at. */
  async call<Args extends unknown[], Response>(api: API<Args, Response>, ...args: Args): Promise<Response> {
    try {
      const response = await api.async(this.#connection, ...args)
      this.#answered = true
      return response
    } catch (error) {
      // The library throws when any part of an answer has an error code; the answer itself is what callers judge.
      if (error instanceof Error && 'response' in error && error.response !== undefined) {
        this.#answered = true
        return error.response as Response
      }
      throw this.#failure(error)
    }
  }

  async close(): Promise<void> {
    this.#lost = true
    const closed = this.#connection.close()
    this.#connection.socket?.destroy()
    await closed
  }

  #failure(error: unknown): Error {
    if (error instanceof ColdstreamError) return error
    if (!isOfTheWay(error)) return error instanceof Error ? error : new Error(String(error))
    this.#lost = true
    // A broker that expects TLS or SASL hangs up on the first request of a client that does neither.
    const hint = this.#answered
      ? 'Look at the broker and the network; the work goes on from the last commit when it is tried again.'
      : 'If it happens every time, the listener at this port expects TLS or SASL: set both as the broker has them.'
    return new UnavailableError('broker-connection-lost', `Kafka at ${this.address} broke off: ${chainText(error)}`, {
      remedy: hint,
      cause: error,
      details: { broker: this.address },
    })
  }
}

function connectFailure(address: string, error: unknown): Error {
  const details = { broker: address }
  if (has(error, 'PLT_KFK_AUTHENTICATION')) {
    // No cause: what SASL exchanged stays out of logs.
    return new UnavailableError('broker-authentication-failed', `Kafka at ${address} did not accept the credentials`, {
      remedy: "Check user name, password and SASL mechanism against the broker's; the mechanism must be enabled there.",
      details,
    })
  }
  return new UnavailableError('broker-unreachable', `Cannot connect to Kafka at ${address}: ${chainText(error)}`, {
    remedy: `Check that a broker listens at ${address} and can be reached from here (host name, port, firewall), and that TLS is set as its listener has it.`,
    cause: error,
    details,
  })
}

function isOfTheWay(error: unknown): boolean {
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
