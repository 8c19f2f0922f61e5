import { resolve } from 'node:path'
import { type Connector, consumerGroupOf } from '../archive/connector/connector.ts'
import { raceCreateIfAbsent } from '../archive/store-check.ts'
import { ColdstreamError } from '../errors.ts'
import type { CheckResult } from '../ports/check-result.ts'
import type { Services } from '../services.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { readConnectorFiles } from './connector-files.ts'
import { toJson } from './output.ts'

const marks: Readonly<Record<CheckResult['outcome'], string>> = {
  ok: 'ok     ',
  warning: 'warning',
  failure: 'FAILURE',
}

/** `coldstream doctor [connector.json…]`: looks at everything outside and says what to do; 1 when something fails. */
export async function doctorCommand(context: CommandContext, files: readonly string[]): Promise<ExitCode> {
  const { output } = context
  const read = await readConnectorFiles(files.map((file) => resolve(context.workingFolder, file)))
  const connectors = read.map(({ connector }) => connector)
  const services = await context.services()
  const results = [
    checkRuntime(),
    ...(await checkStore(services)),
    ...(await checkBroker(services, connectors)),
    ...(await checkEngines(context, services)),
  ]
  if (output.json) output.line(toJson(results))
  for (const { check, outcome, message, remedy } of output.json ? [] : results) {
    output.line(`${marks[outcome]}  ${check}: ${message}`)
    if (remedy !== null) output.line(`           what to do: ${remedy}`)
  }
  return results.some((result) => result.outcome === 'failure') ? 1 : 0
}

function checkRuntime(): CheckResult {
  return {
    check: 'runtime',
    outcome: 'ok',
    message: `Node.js ${process.versions.node} on ${process.platform}-${process.arch}`,
    remedy: null,
  }
}

/** Many writers on one name: the one thing that the archive needs of a store, and that some stores only claim. */
async function checkStore({ store }: Services): Promise<CheckResult[]> {
  return attempt(`store ${store.url}`, async () => [await raceCreateIfAbsent(store)])
}

async function checkBroker(services: Services, connectors: readonly Connector[]): Promise<CheckResult[]> {
  const topics = connectors.flatMap((connector) => connector.topics)
  return attempt('broker', async () => (await services.eventLog()).examine(topics, connectors.map(consumerGroupOf)))
}

/** Also which topics they do not have as tables: the first thing that is wrong when a query finds nothing there. */
async function checkEngines({ signal }: CommandContext, { queries }: Services): Promise<CheckResult[]> {
  return attempt('query engines', () => queries.examine(signal))
}

async function attempt(check: string, look: () => Promise<CheckResult[]>): Promise<CheckResult[]> {
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof ColdstreamError)) throw error
    return [{ check, outcome: 'failure', message: error.message, remedy: error.remedy }]
  }
}
