import { resolve } from 'node:path'
import type { Connector } from '../archive/connector/connector.ts'
import type { Services } from '../services.ts'
import { readConnectors } from './capture.ts'
import type { CommandContext, ExitCode } from './command.ts'

/** Wait before a capture that failed is opened again. */
const firstRetryMs = 1_000
const lastRetryMs = 60_000

/** `coldstream serve [connector.json…]`: the REST API, and captures beside it, until it is told to stop. */
export async function serveCommand(context: CommandContext, files: readonly string[]): Promise<ExitCode> {
  const { output, signal } = context
  const connectors = await readConnectors(files.map((file) => resolve(context.workingFolder, file)))
  const services = await context.services()
  const { host, port } = services.config.http
  // loaded only here: no other command serves
  const { buildServer } = await import('../http/server.ts')
  const server = await buildServer(services, context.version)
  try {
    await resumeReplays(services)
    const address = await server.listen({ host, port })
    output.note(`coldstream listens on ${address}; the archive is ${services.store.url}`)
    await Promise.all([
      stopped(signal),
      services.headroom.run(signal),
      ...connectors.map((connector) => captureForEver(services, connector, signal)),
    ])
  } finally {
    await server.close()
  }
  return 0
}

/** A replay that was running when the service stopped goes on. Without a broker the API is still of use. */
async function resumeReplays(services: Services): Promise<void> {
  try {
    const replays = await services.replays()
    await replays.resumeUnfinished()
  } catch (error) {
    services.log.warn('unfinished replays could not be resumed', {
      error: error instanceof Error ? error.message : String(error),
    })
  }
}

/** Keeps a connector's capture running: what stops it is logged, and it is opened again, going on from its last commit. */
async function captureForEver(services: Services, connector: Connector, signal: AbortSignal): Promise<void> {
  for (let retryMs = firstRetryMs; !signal.aborted; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
    try {
      const capture = await services.openCapture(connector)
      retryMs = firstRetryMs
      await capture.run({ untilEnd: false }, signal)
    } catch (error) {
      if (signal.aborted) return
      const reason = error instanceof Error ? error.message : String(error)
      services.log.error('the capture stopped and will be opened again', {
        connector: connector.name,
        retryMs,
        error: reason,
      })
      await services.clock.sleep(retryMs, signal).catch((interrupted: unknown) => {
        if (!signal.aborted) throw interrupted
      })
    }
  }
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }))
}
