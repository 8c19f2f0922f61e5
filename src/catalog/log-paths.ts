import { InvalidInputError } from '../errors.ts'

/** Names a partition's commit log. */
export interface LogKey {
  topic: string
  /** 1 for the first topic of this name, 2 for the one created after that was deleted, … */
  incarnation: number
  partition: number
}

/** A topic as a folder name: Kafka's names stay as they are, anything else that could do harm in a path is percent-encoded. Throws InvalidInputError `topic-name-invalid`. */
export function encodeTopic(topic: string): string {
  const folder = encode(topic)
  // File systems take names of 255 bytes; the rest is for `+incarnation+partition+offset.parquet`.
  if (topic === '' || !topic.isWellFormed() || folder.length > 249) {
    throw new InvalidInputError('topic-name-invalid', `the topic name ${JSON.stringify(topic)} cannot name a folder`, {
      remedy:
        'Use a name of 1 to 249 characters; characters other than a-z, A-Z, 0-9, ".", "_" and "-" count three per byte.',
    })
  }
  return folder
}

/** The topic that `encodeTopic` made this folder name of, or null when it made none such. */
export function decodeTopic(folder: string): string | null {
  try {
    const topic = decodeURIComponent(folder)
    return topic !== '' && encode(topic) === folder ? topic : null
  } catch (error) {
    // Not UTF-8: no topic's folder.
    if (error instanceof URIError) return null
    throw error
  }
}

/** Folder of an incarnation's logs, one folder per partition in it: `log/<topic>/`, `log/<topic>+2/`. */
export function incarnationLogPrefix(topic: string, incarnation: number): string {
  return `log/${encodeTopic(topic)}${incarnation === 1 ? '' : `+${incarnation}`}/`
}

/** Folder of a partition's log: `log/<topic>/<partition>/`, from incarnation 2 on `log/<topic>+<n>/<partition>/`. */
export function logPrefix({ topic, incarnation, partition }: LogKey): string {
  return `${incarnationLogPrefix(topic, incarnation)}${partition}/`
}

function encode(topic: string): string {
  if (topic === '.' || topic === '..') return topic.replaceAll('.', '%2E')
  return topic.replace(/[^a-zA-Z0-9._-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
