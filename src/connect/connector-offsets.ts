import type { Connector } from '../archive/connector/connector.ts'
import { takesTopic } from '../archive/connector/topics.ts'
import { concurrently } from '../catalog/concurrently.ts'
import { listIncarnations } from '../catalog/incarnations.ts'
import { listArchivedTopics } from '../catalog/snapshot.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { archivedOffsets, type OffsetParts, type PartitionOffset, skipForward } from './offsets.ts'
import { cannotReset, notItsTopic } from './refusals.ts'

/** A connector and where it writes to. */
export interface ConnectorArchive {
  connector: Connector
  store: ObjectStore
}

/** Topics of a connector that are archived. */
export async function archivedTopics({ connector, store }: ConnectorArchive): Promise<string[]> {
  if (connector.topicsRegex !== null)
    return (await listArchivedTopics(store)).filter((topic) => takesTopic(connector, topic))
  const known = await concurrently(connector.topics, 8, (topic) => listIncarnations(store, topic))
  return connector.topics.filter((_, index) => known[index]!.length > 0)
}

/** Where the archive stands in the connector's topics. */
export async function connectorOffsets(archive: ConnectorArchive): Promise<PartitionOffset[]> {
  return archivedOffsets(archive.store, await archivedTopics(archive))
}

/** As skipForward, for topics of the connector only. Throws InvalidInputError `offset-unknown` for others too. */
export async function alterConnectorOffsets(parts: OffsetParts, targets: readonly PartitionOffset[]): Promise<void> {
  const foreign = targets.find(({ topic }) => !takesTopic(parts.connector, topic))
  if (foreign !== undefined) throw notItsTopic(parts.connector.name, foreign.topic)
  await skipForward(parts, targets)
}

/** Refuses to forget where the archive stands, InvalidInputError `offsets-archived`; without archived records there is nothing to do. */
export async function resetConnectorOffsets(archive: ConnectorArchive): Promise<void> {
  const [archived] = await connectorOffsets(archive)
  if (archived !== undefined) throw cannotReset(archive.connector.name, archived)
}
