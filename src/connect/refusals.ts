import { ConflictError, InvalidInputError, NotFoundError } from '../errors.ts'
import type { PartitionOffset } from './offsets.ts'

/** Why a request about a connector is not done, in Connect's words where it has any. */

export function notFound(name: string): NotFoundError {
  return new NotFoundError('connector-not-found', `Connector ${name} not found`, {
    remedy: 'GET /connectors lists the connectors there are.',
  })
}

export function unknownTask(name: string, task: string): NotFoundError {
  return new NotFoundError('task-not-found', `Unknown task: ${name}-${task}`, {
    remedy: `GET /connectors/${name}/status lists the tasks that this instance runs.`,
  })
}

export function alreadyExists(name: string): ConflictError {
  return new ConflictError('connector-exists', `Connector ${name} already exists`, {
    remedy: `Choose another name, or change it by PUT /connectors/${name}/config.`,
  })
}

export function isAFile(name: string, file: string): ConflictError {
  return new ConflictError('connector-is-a-file', `Connector ${name} was given to this instance as the file ${file}`, {
    remedy:
      'Change the file and start the instance again; or start it without the file, and create the connector by REST.',
  })
}

export function notStopped(name: string): InvalidInputError {
  return new InvalidInputError(
    'connector-not-stopped',
    'Connectors must be in the STOPPED state before their offsets can be modified.',
    {
      remedy: `This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
    },
  )
}

export function stillStopping(name: string): ConflictError {
  return new ConflictError(
    'connector-stopping',
    `Tasks of connector ${name} haven't stopped completely yet: what they took is being committed`,
    { remedy: 'Try again in a moment.' },
  )
}

export function notItsTopic(name: string, topic: string): InvalidInputError {
  return new InvalidInputError('offset-unknown', `connector ${name} does not archive the topic ${topic}`, {
    remedy: 'Name topics of this connector only.',
  })
}

export function cannotReset(name: string, { topic, partition, next }: PartitionOffset): InvalidInputError {
  return new InvalidInputError(
    'offsets-archived',
    `the offsets of connector ${name} cannot be reset: ${topic}-${partition} is archived up to offset ${next}, and the archive keeps its history; the same records would be in it twice`,
    {
      remedy:
        'To archive the topics anew use another archive (store.url or s3.bucket.name). To emit archived records again, create a replay.',
    },
  )
}
