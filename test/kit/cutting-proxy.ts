import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands before an HTTP server and can lose answers. */
export interface CuttingProxy {
  readonly port: number
  /** Loses the answers to the next `times` requests with this method: the server has done its work, the client hears nothing. */
  cutAnswers(method: string, times: number): void
  /** How many answers were lost. */
  readonly cuts: number
  close(): Promise<void>
}

/** Starts a proxy to a port of loopback. It watches the first bytes of what the client sends, one request at a time. */
export async function startCuttingProxy(targetPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>()
  let method = ''
  let left = 0
  let cuts = 0
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    let cutting = false
    for (const socket of [client, target]) {
      sockets.add(socket)
      // A reset ends the pair as a close does.
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('close', () => target.destroy())
    // what the server sent before it closed still has to reach the client
    target.on('close', () => client.end())
    client.on('data', (bytes: Buffer) => {
      if (left > 0 && bytes.subarray(0, method.length + 1).toString('latin1') === `${method} `) {
        left -= 1
        cutting = true
      }
      target.write(bytes)
    })
    target.on('data', (bytes: Buffer) => {
      // `100 Continue` is not the answer.
      if (!cutting || bytes.toString('latin1').startsWith('HTTP/1.1 100')) client.write(bytes)
      else if (!client.destroyed) {
        cuts += 1
        client.resetAndDestroy()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cutAnswers(wanted, times) {
      method = wanted
      left = times
      cuts = 0
    },
    get cuts() {
      return cuts
    },
    async close() {
      const closed = once(server.close(), 'close')
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
