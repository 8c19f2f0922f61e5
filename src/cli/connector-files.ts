import { readFile } from 'node:fs/promises'
import { connectorConfig, parseConnector } from '../archive/connector/parse.ts'
import { claimOf, refuseOverlap } from '../connect/claims.ts'
import type { ConnectorFile } from '../connect/supervisor.ts'
import { ConflictError, InvalidInputError, NotFoundError } from '../errors.ts'

/**
 * Reads connector files. Throws InvalidInputError `connector-invalid`, NotFoundError `connector-not-found`, ConflictError
 * `connectors-overlap` for two of the same name or that would archive the same topic.
 */
export async function readConnectorFiles(files: readonly string[]): Promise<ConnectorFile[]> {
  const connectors = await Promise.all(files.map(readConnectorFile))
  for (const [index, { file, config, connector }] of connectors.entries()) {
    const earlier = connectors.slice(0, index)
    const namesake = earlier.find((other) => other.connector.name === connector.name)
    if (namesake !== undefined) throw sameName(connector.name, namesake.file, file)
    // configuration may yet send all of them to one store, whatever store they name
    const claims = earlier.map((other) => claimOf(other.config, { isStoreConfigured: true, file: other.file }))
    refuseOverlap(claimOf(config, { isStoreConfigured: true, file }), claims, [])
  }
  return connectors
}

async function readConnectorFile(file: string): Promise<ConnectorFile> {
  let content: string
  try {
    content = await readFile(file, 'utf8')
  } catch (cause) {
    throw new NotFoundError('connector-not-found', `connector ${file} cannot be read`, {
      remedy: 'Name a JSON file that exists and may be read.',
      cause,
    })
  }
  let json: unknown
  try {
    json = JSON.parse(content)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidInputError('connector-invalid', `connector ${file} is not JSON: ${why}`, {
      remedy: 'Correct the file at that place.',
      cause,
    })
  }
  return { file, config: connectorConfig(json, file), connector: parseConnector(json, file) }
}

function sameName(name: string, first: string, second: string): ConflictError {
  return new ConflictError('connectors-overlap', `connectors ${first} and ${second} have the same name, ${name}`, {
    remedy: 'Give each connector its own name.',
  })
}
