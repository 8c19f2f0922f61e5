import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * Stands between client and broker. It can lose answers (the request arrives, the connection breaks in its place) and
 * requests (they never arrive).
 */
export class CuttingProxy {
  readonly port: number
  /** How many answers it lost. */
  cuts = 0
  readonly #server: Server
  readonly #sockets: Set<Socket> = new Set()
  #stalled: Socket[] = []
  #brokerPort = 0
  #cutKey = -1
  #cutsLeft = 0
  #stopKey = -1
  #stopped: () => void = () => undefined

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
    server.on('connection', (client) => this.#forward(client))
  }

  static async listen(): Promise<CuttingProxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('The system gave no port')
    return new CuttingProxy(server, address.port)
  }

  forwardTo(brokerPort: number): void {
    this.#brokerPort = brokerPort
  }

  /** Loses the answers of the next `times` requests with this API key. */
  cut(apiKey: number, times: number): void {
    this.#cutKey = apiKey
    this.#cutsLeft = times
    this.cuts = 0
  }

  /** Keeps back the next request with this API key, and the rest of its connection, and calls `stopped`. */
  stopAt(apiKey: number, stopped: () => void): void {
    this.#stopKey = apiKey
    this.#stopped = stopped
  }

  /** Lets nothing through on the connections of now; later ones work. As a machine that sleeps, to the broker. */
  stall(): void {
    this.#stalled = [...this.#sockets]
    for (const socket of this.#stalled) socket.pause()
  }

  /** Lets through what waited. */
  resume(): void {
    for (const socket of this.#stalled) socket.resume()
    this.#stalled = []
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #forward(client: Socket): void {
    const broker = connect(this.#brokerPort, '127.0.0.1')
    let losing = false
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        broker.destroy()
      })
      // A reset is a close as any other here.
      socket.on('error', () => socket.destroy())
    }
    const isCut = requestWatch((key) => key === this.#cutKey && this.#cutsLeft > 0)
    const isStopped = requestWatch((key) => key === this.#stopKey)
    let stopping = false
    client.on('data', (bytes) => {
      if (!stopping && isStopped(bytes)) {
        stopping = true
        this.#stopKey = -1
        this.#stopped()
      }
      if (stopping) return
      if (!losing && isCut(bytes)) {
        losing = true
        this.#cutsLeft -= 1
      }
      broker.write(bytes)
    })
    broker.on('data', (bytes) => {
      if (!losing) client.write(bytes)
      else if (client.destroyed === false) {
        this.cuts += 1
        client.destroy()
      }
    })
  }
}

/** Follows the frames of a connection; tells whether one with a key that `wanted` takes began in these bytes. */
function requestWatch(wanted: (apiKey: number) => boolean): (bytes: Buffer) => boolean {
  let pending = Buffer.alloc(0)
  let skip = 0
  return (bytes) => {
    let found = false
    let rest = Buffer.concat([pending, bytes])
    for (;;) {
      const skipped = Math.min(skip, rest.length)
      rest = rest.subarray(skipped)
      skip -= skipped
      if (rest.length < 6) break
      if (wanted(rest.readInt16BE(4))) found = true
      skip = 4 + rest.readInt32BE(0)
    }
    pending = Buffer.from(rest)
    return found
  }
}
