import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { byBytes } from '../../ports/object-path.ts'
import type { ListOptions, ObjectInfo } from '../../ports/object-store.ts'
import { fileError, symbolicLink, systemCode } from './errors.ts'

interface Walk {
  root: string
  /** Name of a folder directly below the root that holds no objects. */
  hidden: string
  prefix: Buffer
  startAfter: Buffer
}

/**
 * Lists files below `root` by the UTF-8 bytes of their paths. A folder sorts as its name with `/` behind it, which puts
 * `a+b` (0x2b) before everything in `a/` (0x2f): the order of whole paths, as S3 lists them. Folders that the prefix or
 * startAfter rule out are not opened.
 */
export async function* listFiles(
  root: string,
  hidden: string,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo> {
  let left = options.limit ?? Number.POSITIVE_INFINITY
  if (left <= 0) return
  const walk: Walk = {
    root,
    hidden,
    prefix: Buffer.from(prefix),
    startAfter: Buffer.from(options.startAfter ?? ''),
  }
  for await (const info of listFolder(walk, prefix.slice(0, prefix.lastIndexOf('/') + 1))) {
    yield info
    left -= 1
    if (left <= 0) return
  }
}

/** Names of the folders directly in `folder` (empty, or ending with `/`) that files are in, by their UTF-8 bytes. */
export async function listFolders(root: string, hidden: string, folder: string): Promise<string[]> {
  const names: string[] = []
  const none = Buffer.alloc(0)
  const walk: Walk = { root, hidden, prefix: none, startAfter: none }
  for (const { path, entry } of await readFolder(walk, folder)) {
    if (entry.isSymbolicLink()) throw symbolicLink(join(root, path))
    if (!entry.isDirectory()) continue
    for await (const _ of listFolder(walk, `${path}/`)) {
      names.push(entry.name)
      break
    }
  }
  return names.sort(byBytes)
}

/** `folder` is empty for the root, else it ends with `/`. */
async function* listFolder(walk: Walk, folder: string): AsyncGenerator<ObjectInfo> {
  for (const { path, key, entry } of await readFolder(walk, folder)) {
    const file = join(walk.root, path)
    if (entry.isSymbolicLink()) throw symbolicLink(file)
    if (entry.isDirectory()) {
      if (mayHold(walk, key)) yield* listFolder(walk, `${path}/`)
    } else if (entry.isFile() && isWanted(walk, key)) {
      const bytes = await sizeOf(file)
      if (bytes !== null) yield { path, bytes }
    }
  }
}

interface Entry {
  path: string
  /** The path's bytes, with `/` behind a folder's. */
  key: Buffer
  entry: Dirent
}

async function readFolder(walk: Walk, folder: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const entry of await openFolder(join(walk.root, folder))) {
    if (folder === '' && entry.name === walk.hidden) continue
    const path = folder + entry.name
    entries.push({ path, key: Buffer.from(entry.isDirectory() ? `${path}/` : path), entry })
  }
  return entries.sort((a, b) => Buffer.compare(a.key, b.key))
}

async function openFolder(file: string): Promise<Dirent[]> {
  try {
    return await readdir(file, { withFileTypes: true })
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw fileError(error, 'list', file)
  }
}

/** Whether a path below the folder can have the prefix and come after startAfter. */
function mayHold(walk: Walk, folder: Buffer): boolean {
  const common = Math.min(folder.length, walk.prefix.length)
  if (folder.compare(walk.prefix, 0, common, 0, common) !== 0) return false
  return folder.compare(walk.startAfter) > 0 || walk.startAfter.subarray(0, folder.length).equals(folder)
}

function isWanted(walk: Walk, path: Buffer): boolean {
  return walk.prefix.equals(path.subarray(0, walk.prefix.length)) && path.compare(walk.startAfter) > 0
}

/** Null when the file went away since its folder was read. */
async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await lstat(file)).size
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw fileError(error, 'look at', file)
  }
}
