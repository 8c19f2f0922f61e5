import { InvalidInputError } from '../../errors.ts'
import { type UpcasterFile, upcasterFiles } from './upcaster-files.ts'
import { UpcasterHost, type UpcasterLimits } from './upcaster-host.ts'

/** A module of the folder, as it shows itself to those who choose among them. */
export interface ListedUpcaster {
  name: string
  /** Absolute path. */
  file: string
  /** What it says of itself; null when it cannot be used. */
  module: { version: string; description: string; accepts: 'json' | 'bytes'; sha256: string } | null
  /** Why it cannot be used, each as `orders-v2.ts:14: what is wrong`. */
  problems: readonly string[]
}

/**
 * All modules in the folder, by name, each loaded in a thread of its own. Without a folder there are none. Throws
 * InvalidInputError `upcasters-folder-unreadable`.
 */
export async function listUpcasters(folder: string | null, limits: UpcasterLimits): Promise<ListedUpcaster[]> {
  if (folder === null) return []
  const files = await upcasterFiles(folder)
  const listed: ListedUpcaster[] = []
  // one after the other: a thread takes tens of megabytes
  for (const file of files) {
    const twin = files.find((other) => other !== file && other.name === file.name)
    listed.push(
      twin === undefined ? await look(file, limits) : { ...file, module: null, problems: [sameName(file, twin)] },
    )
  }
  return listed
}

async function look(file: UpcasterFile, limits: UpcasterLimits): Promise<ListedUpcaster> {
  const host = new UpcasterHost(file, limits)
  try {
    return { ...file, module: await host.load(), problems: [] }
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    return { ...file, module: null, problems: error.details.problems as readonly string[] }
  } finally {
    await host.close()
  }
}

function sameName({ name }: UpcasterFile, twin: UpcasterFile): string {
  return `${twin.file} has the name ${name}, too; leave one of the files, or rename one`
}
