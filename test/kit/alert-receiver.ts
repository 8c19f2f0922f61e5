import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A message as it came over HTTP. */
export interface ReceivedMessage {
  headers: IncomingHttpHeaders
  body: string
}

/** What the documented format says of an alert; what tests look at. */
export interface ReceivedAlert {
  id: string
  kind: string
  state: string
  level: string
  topic: string
  partition: number
  group: string | null
  summary: string
  remedy: string
  since: string
  at: string
  lost: { firstOffset: string; lastOffset: string } | null
}

/** A real HTTP server that takes alerts. */
export interface AlertReceiver {
  url: string
  /** Messages it accepted, in order. */
  accepted: ReceivedMessage[]
  /** Statuses to answer with, one a request, before it accepts (204); 0 hangs up. */
  answers: number[]
  alerts(): ReceivedAlert[]
  close(): Promise<void>
}

export async function alertReceiver(answers: number[] = []): Promise<AlertReceiver> {
  const accepted: ReceivedMessage[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const status = answers.shift() ?? 204
    if (status === 0) {
      request.socket.destroy()
      return
    }
    if (status === 204) accepted.push({ headers: request.headers, body })
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret-token`,
    accepted,
    answers,
    alerts: () => accepted.flatMap(({ body }): ReceivedAlert[] => JSON.parse(body).alerts),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
