import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A request of a client that something is to happen at, once. */
export interface RequestPoint {
  apiKey: number
  /** So many of its kind pass first; none unless told. */
  earlier?: number
  /** Only requests of this client count; those of all unless told. */
  clientId?: string
  /**
   * `before`: it never arrives, nor what follows it. `held`: it arrives when `reached` is over. `unanswered`: it is done,
   * its answer does not come, nor any later one. `answered`: its answer is the last that comes.
   */
  when: 'before' | 'held' | 'unanswered' | 'answered'
  reached: () => unknown
}

/**
 * Stands between client and broker. It can lose answers (the request arrives, the connection breaks in its place) and
 * requests (they never arrive), and tell when a request comes by.
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
  #points: { point: RequestPoint; left: number }[] = []

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

  /** Has something happen at a request that is still to come. */
  watch(point: RequestPoint): void {
    this.#points.push({ point, left: point.earlier ?? 0 })
  }

  /** Forgets the points that no request has reached. */
  unwatch(): void {
    this.#points = []
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
    const requestsIn = frameWatch()
    const answersIn = frameWatch()
    let held: Promise<unknown> | null = null
    let isStopped = false
    let awaited: { point: RequestPoint; correlationId: number } | null = null
    client.on('data', (bytes) => {
      // what comes before a request that is held or lost, in the same bytes, still arrives
      let passed = 0
      const pass = (until: number): void => {
        const part = bytes.subarray(passed, until)
        passed = until
        if (isStopped || part.length === 0) return
        if (held === null) broker.write(part)
        else void held.then(() => broker.write(part))
      }
      for (const { head, at } of requestsIn(bytes)) {
        const { apiKey, correlationId } = requestOf(head)
        if (apiKey === this.#cutKey && this.#cutsLeft > 0 && !losing) {
          losing = true
          this.#cutsLeft -= 1
        }
        const point = this.#reachedBy(requestOf(head))
        if (point === null) continue
        if (point.when === 'held') {
          pass(at)
          held = Promise.all([held, point.reached()])
        } else if (point.when === 'before') {
          pass(at)
          isStopped = true
          point.reached()
        } else awaited = { point, correlationId }
      }
      pass(bytes.length)
    })
    broker.on('data', (bytes) => {
      if (losing) {
        if (client.destroyed) return
        this.cuts += 1
        client.destroy()
        return
      }
      if (isStopped) return
      const answers = answersIn(bytes).map(({ head }) => head.readInt32BE(4))
      if (awaited === null || !answers.includes(awaited.correlationId)) {
        client.write(bytes)
        return
      }
      const { point } = awaited
      isStopped = true
      if (point.when === 'answered') client.write(bytes, () => void point.reached())
      else point.reached()
    })
  }

  /** The point that this request is at, which is forgotten then; null for all other requests. */
  #reachedBy({ apiKey, clientId }: RequestHead): RequestPoint | null {
    for (const entry of this.#points) {
      const { point } = entry
      if (point.apiKey !== apiKey || (point.clientId ?? clientId) !== clientId) continue
      if (entry.left > 0) entry.left -= 1
      else {
        this.#points.splice(this.#points.indexOf(entry), 1)
        return point
      }
    }
    return null
  }
}

interface RequestHead {
  apiKey: number
  correlationId: number
  clientId: string
}

/** Reads the first bytes of a request with its length before it. */
function requestOf(head: Buffer): RequestHead {
  const length = head.length < 14 ? 0 : Math.max(0, head.readInt16BE(12))
  return {
    apiKey: head.readInt16BE(4),
    correlationId: head.length < 12 ? -1 : head.readInt32BE(8),
    clientId: head.toString('utf8', 14, 14 + length),
  }
}

/** What a frame is known by stands in so many of its first bytes, unless it is shorter. */
const headBytes = 64

/** The first bytes of a frame, and where it begins in the bytes that completed them; 0 where it began in earlier ones. */
interface FrameHead {
  head: Buffer
  at: number
}

/** Follows the frames of a connection; gives the first bytes of each one that began, once they are there. */
function frameWatch(): (bytes: Buffer) => FrameHead[] {
  let pending: Buffer = Buffer.alloc(0)
  let skip = 0
  return (bytes) => {
    const heads: FrameHead[] = []
    let rest = Buffer.concat([pending, bytes])
    for (;;) {
      const skipped = Math.min(skip, rest.length)
      rest = rest.subarray(skipped)
      skip -= skipped
      if (rest.length < 4) break
      const frameBytes = 4 + rest.readInt32BE(0)
      if (rest.length < Math.min(frameBytes, headBytes)) break
      const head = Buffer.from(rest.subarray(0, Math.min(frameBytes, headBytes)))
      heads.push({ head, at: Math.max(0, bytes.length - rest.length) })
      skip = frameBytes
    }
    pending = Buffer.from(rest)
    return heads
  }
}
