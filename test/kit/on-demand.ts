import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that many processes share and most runs never need: it starts when the first one asks for its address. */
export interface OnDemand {
  /** A GET of it answers the server's facts as JSON, when the server serves; 500 and the reason when it cannot. */
  url: string
  /** Stops the server, if it was started. */
  stop(): Promise<void>
}

export async function startOnDemand(start: () => Promise<{ url: string; stop(): Promise<void> }>): Promise<OnDemand> {
  let started: ReturnType<typeof start> | undefined
  const door = createServer((_, response) => {
    started ??= start()
    started.then(
      ({ url }) => response.end(JSON.stringify({ url })),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  }).listen(0, '127.0.0.1')
  await once(door, 'listening')
  // the runner may end with it open
  door.unref()
  return {
    url: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
    async stop() {
      door.close()
      door.closeAllConnections()
      const server = await started?.catch(() => null)
      await server?.stop()
    },
  }
}
