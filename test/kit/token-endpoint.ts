import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** An OAuth 2.0 token endpoint of a test. */
export interface TokenEndpoint {
  url: string
  /** The requests' parameters, in order. */
  requests: URLSearchParams[]
  /** Waits until so many tokens were given out. */
  granted(count: number): Promise<void>
  close(): Promise<void>
}

/** Who may ask; with letters that have to be encoded on the way. */
export const tokenClient = { clientId: 'archive:er', clientSecret: 'a very+secret/word' }

/** Starts one on loopback. It grants the tokens of `issue` to `tokenClient`, and refuses everyone else as OAuth has it. */
export async function startTokenEndpoint(issue: () => { token: string; seconds: number }): Promise<TokenEndpoint> {
  const requests: URLSearchParams[] = []
  const { clientId, clientSecret } = tokenClient
  const known = `Basic ${btoa([clientId, clientSecret].map(encodeURIComponent).join(':'))}`
  const server = createServer(async (request, response) => {
    const parameters = new URLSearchParams(await text(request))
    response.setHeader('content-type', 'application/json')
    if (request.headers.authorization !== known) {
      response.writeHead(401).end(JSON.stringify({ error: 'invalid_client', error_description: 'echo' }))
      return
    }
    const { token, seconds } = issue()
    response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: seconds }))
    requests.push(parameters)
    server.emit('granted')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    requests,
    async granted(count) {
      while (requests.length < count) await once(server, 'granted')
    },
    async close() {
      const closed = once(server.close(), 'close')
      server.closeAllConnections()
      await closed
    },
  }
}
