import { resolve } from 'node:path'
import type { Services } from '../services.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { readConnectorFiles } from './connector-files.ts'
import { together } from './together.ts'

/** `coldstream serve [connector.json…]`: the REST API, and connectors beside it, until it is told to stop. */
export async function serveCommand(context: CommandContext, files: readonly string[]): Promise<ExitCode> {
  const { output, signal } = context
  const connectors = await readConnectorFiles(files.map((file) => resolve(context.workingFolder, file)))
  const services = await context.services()
  const { host, port } = services.config.http
  // loaded only here: no other command serves
  const { buildServer } = await import('../http/server.ts')
  const server = await buildServer(services, context.version)
  try {
    await resumeReplays(services)
    services.queries.keepReady()
    const address = await server.listen({ host, port })
    output.note(`coldstream listens on ${address}; the archive is ${services.store.url}`)
    const listening = server.server.address()
    const workerId = `${host}:${typeof listening === 'object' && listening !== null ? listening.port : port}`
    await together(signal, [
      (stop) => services.connectors.run(workerId, connectors, stop),
      (stop) => services.headroom.run(stop),
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
    await replays.start()
  } catch (error) {
    services.log.warn('unfinished replays could not be resumed', {
      error: error instanceof Error ? error.message : String(error),
    })
  }
}
