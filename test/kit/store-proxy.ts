import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** What a client asks of an S3 store. */
export interface StoreRequest {
  method: string
  /** The object's key in its bucket; empty for requests about the bucket. */
  key: string
  body: Buffer
}

/** What the store says to it. */
export interface StoreAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  /** Called when the client was given all of it. */
  delivered?: () => void
}

/**
 * Decides what becomes of a request: `forward` asks the store (or is never called), the answer that is returned reaches the
 * client, and null hangs up on it.
 */
export type StoreHandler = (request: StoreRequest, forward: () => Promise<StoreAnswer>) => Promise<StoreAnswer | null>

/** Stands between a program and its S3 store and understands what they say. */
export interface StoreProxy {
  readonly endpoint: string
  /** Asked about every request; passes all of them on until it is set. */
  handler: StoreHandler
  close(): Promise<void>
}

/** Passes everything on. */
export const forwardAll: StoreHandler = (_request, forward) => forward()

/** An answer as S3 gives it when it refuses. */
export function refusal(status: number, code: string): StoreAnswer {
  const body = Buffer.from(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`)
  return { status, headers: { 'content-type': 'application/xml' }, body }
}

/** Starts a proxy before a store of loopback. Bodies are held whole: it is made for small objects. */
export async function startStoreProxy(storeEndpoint: string): Promise<StoreProxy> {
  const store = new URL(storeEndpoint)
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(incoming)
    const request = { method: incoming.method ?? 'GET', key: keyOf(incoming.url ?? '/'), body }
    const answer = await proxy.handler(request, () => ask(store, incoming, body))
    if (answer === null) {
      response.destroy()
      return
    }
    response.once('finish', () => answer.delivered?.())
    response.writeHead(answer.status, answer.headers)
    response.end(answer.body)
  }
  const server = createServer((incoming, response) => {
    // A client that was killed, or a store that was, hangs up in the middle.
    serve(incoming, response).catch(() => response.destroy())
  })
  server.on('checkContinue', (incoming: IncomingMessage, response: ServerResponse) => {
    response.writeContinue()
    server.emit('request', incoming, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: StoreProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handler: forwardAll,
    async close() {
      const closed = once(server.close(), 'close')
      server.closeAllConnections()
      await closed
    },
  }
  return proxy
}

function keyOf(url: string): string {
  const path = decodeURIComponent(new URL(url, 'http://store').pathname)
  return path.split('/').slice(2).join('/')
}

async function ask(store: URL, incoming: IncomingMessage, body: Buffer): Promise<StoreAnswer> {
  // The Host header is signed, so it stays the proxy's own. `Expect` was answered here.
  const { expect: _, ...headers } = incoming.headers
  const { hostname, port } = store
  const request = httpRequest({ hostname, port, method: incoming.method, path: incoming.url, headers })
  request.end(body)
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 500, headers: answer.headers, body: await buffer(answer) }
}
