import { isIP, type Socket } from 'node:net'
import { type API, Connection, type Reader, type SASLOptions, type Writer } from '@platformatic/kafka'
import { ColdstreamError } from '../../errors.ts'
import { giveBack } from '../../format/give-back.ts'
import type { BearerToken } from './bearer-token.ts'
import { connectFailure, connectionLost, isOfTheWay } from './connection-failure.ts'
import { type BrokerAddress, brokerAddressText, type KafkaOptions, type SaslOptions } from './options.ts'

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

  /**
   * Connects and authenticates. Throws UnavailableError `broker-unreachable`, `broker-certificate-refused`,
   * `broker-authentication-failed` or `bearer-token-unavailable`.
   */
  static async open(address: BrokerAddress, options: KafkaOptions, token: BearerToken): Promise<BrokerConnection> {
    const connection = new Connection(options.clientId, {
      connectTimeout: connectTimeoutMs,
      requestTimeout: options.requestTimeoutMs ?? defaultRequestTimeoutMs,
      maxInflights: maxInFlight,
      tls: options.tls,
      // Above `tls.servername` to the library, so what is configured has to be said here.
      tlsServerName: options.tls?.servername ?? (isIP(address.host) === 0 ? address.host : undefined),
      sasl: options.sasl && saslOf(options.sasl, token),
    })
    const opened = new BrokerConnection(address, connection)
    try {
      await connection.connect(address.host, address.port)
    } catch (error) {
      await opened.close()
      throw connectFailure(opened.address, error)
    }
    if (connection.socket !== undefined) releaseWhenWritten(connection.socket)
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
    return connectionLost(this.address, error, this.#answered)
  }
}

/**
 * The library joins every request into memory of its own, which nobody looks at once it is written. Megabytes of records
 * a second are not left to the garbage collector, which would look through all of the heap for every few dozen of them.
 */
function releaseWhenWritten(socket: Socket): void {
  const write: (bytes: Uint8Array, written: (error?: Error | null) => void) => boolean = socket.write.bind(socket)
  // The library gives nothing but the bytes.
  socket.write = (bytes: string | Uint8Array): boolean => {
    const joined = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    return write(joined, (error) => {
      if (!error) giveBack(joined)
    })
  }
}

function saslOf({ mechanism, username, password }: SaslOptions, token: BearerToken): SASLOptions {
  if (mechanism !== 'OAUTHBEARER') return { mechanism, username, password }
  return {
    mechanism,
    token,
    // A broker that refuses a token does not say so by an error code, but by what it answers with.
    authBytesValidator: (answer, settle) => {
      if (answer.length === 0) settle(null, answer)
      else settle(new Error('the broker refused the token'), answer)
    },
  }
}
