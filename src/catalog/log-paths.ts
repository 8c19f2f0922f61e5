import { topicFromPath, topicToPath } from '../format/topic-path.ts'

/** Names a partition's commit log. */
export interface LogKey {
  topic: string
  /** 1 for the first topic of this name, 2 for the one created after that was deleted, … */
  incarnation: number
  partition: number
}

/** Folder of an incarnation's logs, one folder per partition in it: `log/<topic>/`, `log/<topic>+2/`. */
export function incarnationLogPrefix(topic: string, incarnation: number): string {
  return `log/${topicToPath(topic)}${incarnation === 1 ? '' : `+${incarnation}`}/`
}

/** Folder of a partition's log: `log/<topic>/<partition>/`, from incarnation 2 on `log/<topic>+<n>/<partition>/`. */
export function logPrefix({ topic, incarnation, partition }: LogKey): string {
  return `${incarnationLogPrefix(topic, incarnation)}${partition}/`
}

/** What the archive knows about a topic beside its logs: `catalog/<topic>/`. */
export function catalogPrefix(topic: string): string {
  return `catalog/${topicToPath(topic)}/`
}

/** The topic of a folder below `catalog/`, or null when no topic's folder has that name. */
export function topicOfFolder(folder: string): string | null {
  try {
    const topic = topicFromPath(folder)
    return topicToPath(topic) === folder ? topic : null
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}
