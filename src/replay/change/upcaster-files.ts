import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { InvalidInputError, NotFoundError } from '../../errors.ts'

const endings = ['.ts', '.mts', '.js', '.mjs']

/** A module of the folder. */
export interface UpcasterFile {
  name: string
  /** Absolute path. */
  file: string
}

/** Whether the text can name an upcaster: it becomes a file's name, and leads nowhere else. */
export function isUpcasterName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/i.test(name)
}

/**
 * The modules in the folder, by name. A file with a further dot (`orders.test.ts`, `orders.d.ts`) is none, nor is what
 * lies in a subfolder. Throws InvalidInputError `upcasters-folder-unreadable`.
 */
export async function upcasterFiles(folder: string): Promise<UpcasterFile[]> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (cause) {
    throw new InvalidInputError('upcasters-folder-unreadable', `The folder of upcasters ${folder} cannot be read.`, {
      remedy: 'Correct replay.upcasters.folder in the configuration, or create the folder.',
      cause,
    })
  }
  return names
    .filter((name) => endings.includes(extname(name)))
    .map((name) => ({ name: name.slice(0, -extname(name).length), file: join(folder, name) }))
    .filter(({ name }) => isUpcasterName(name))
    .sort((a, b) => (a.file < b.file ? -1 : 1))
}

/**
 * Throws NotFoundError `upcaster-not-found`, and InvalidInputError `upcasters-not-configured`, `upcaster-ambiguous` or as
 * `upcasterFiles`.
 */
export async function findUpcaster(folder: string | null, name: string): Promise<UpcasterFile> {
  if (folder === null) {
    throw new InvalidInputError('upcasters-not-configured', `There is no folder to find the upcaster ${name} in.`, {
      remedy: 'Set replay.upcasters.folder in the configuration.',
    })
  }
  const files = await upcasterFiles(folder)
  const found = files.filter((file) => file.name === name)
  if (found.length > 1) {
    const both = found.map(({ file }) => file).join(' and ')
    throw new InvalidInputError('upcaster-ambiguous', `The upcaster ${name} is ${both}.`, {
      remedy: 'Leave one of the files, or rename one.',
    })
  }
  if (found.length === 1) return found[0]!
  const names = [...new Set(files.map((file) => file.name))].join(', ')
  throw new NotFoundError('upcaster-not-found', `There is no upcaster ${JSON.stringify(name.slice(0, 64))}.`, {
    remedy: names === '' ? `Put a module into ${folder}.` : `Use one of: ${names}.`,
  })
}
