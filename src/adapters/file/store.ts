import { constants } from 'node:fs'
import { type FileHandle, link, lstat, open, realpath, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { InvalidInputError } from '../../errors.ts'
import { checkObjectFolder, checkObjectPath, checkObjectPrefix } from '../../ports/object-path.ts'
import type { ListOptions, ObjectInfo, ObjectStore } from '../../ports/object-store.ts'
import { fileError, objectNotFound, pathTaken, symbolicLink, systemCode } from './errors.ts'
import { makeFolder, refuseLinks, syncFolder } from './folders.ts'
import { listFiles, listFolders } from './list.ts'
import { Temporaries } from './temporaries.ts'

/** Folder below the root for objects that are being written; never listed, no object's path begins with it. */
const temporaryFolder = '.tmp'

/** How often a write is done again whose temporary file or folder another process took away. */
const maxWrites = 3

/**
 * Opens the archive in a local folder, creating the folder when it is not there.
 * Throws InvalidInputError `store-url-invalid`, UnavailableError when the folder cannot be made or read.
 */
export async function openFileStore(url: string): Promise<ObjectStore> {
  const folder = folderOf(url)
  try {
    await makeFolder(folder)
    const root = await realpath(folder)
    if (!(await lstat(root)).isDirectory()) throw pathTaken(folder)
    return new FileStore(root)
  } catch (error) {
    throw fileError(error, 'open the archive folder', folder)
  }
}

function folderOf(url: string): string {
  try {
    if (!/^file:\/\/\/[^?#]*$/.test(url)) throw new TypeError('not file:///path')
    return fileURLToPath(url)
  } catch (error) {
    throw new InvalidInputError('store-url-invalid', `${url} is no URL of a local folder.`, {
      remedy: 'Write it as file:///absolute/path, with %20 for a space and so on.',
      cause: error,
    })
  }
}

/**
 * Objects as files. An object appears whole or not at all: it is written and synced aside, then link(2) gives it its
 * name, which fails when the name is taken. An answer is given only after the folder entry is on disk.
 */
class FileStore implements ObjectStore {
  readonly url: string
  readonly #root: string
  readonly #temporaries: Temporaries

  constructor(root: string) {
    this.#root = root
    this.#temporaries = new Temporaries(join(root, temporaryFolder))
    this.url = pathToFileURL(root).href
  }

  get(path: string): Promise<Buffer> {
    return this.#read(path, (handle) => handle.readFile())
  }

  async getRange(path: string, start: number, end: number): Promise<Buffer> {
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
      throw new RangeError(`bad byte range ${start}..${end} of ${path}`)
    }
    return this.#read(path, async (handle, size) => {
      const range = Buffer.allocUnsafe(Math.max(0, Math.min(end, size) - start))
      let filled = 0
      while (filled < range.length) {
        const { bytesRead } = await handle.read(range, filled, range.length - filled, start + filled)
        if (bytesRead === 0) return range.subarray(0, filled)
        filled += bytesRead
      }
      return range
    })
  }

  async head(path: string): Promise<ObjectInfo | null> {
    const file = await this.#locate(path)
    try {
      const stats = await lstat(file)
      if (stats.isSymbolicLink()) throw symbolicLink(file)
      return stats.isFile() ? { path, bytes: stats.size } : null
    } catch (error) {
      if (isAbsent(error)) return null
      throw fileError(error, 'look at', file)
    }
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    checkObjectPrefix(prefix)
    await refuseLinks(join(this.#root, prefix.slice(0, prefix.lastIndexOf('/') + 1), '.'))
    yield* listFiles(this.#root, temporaryFolder, prefix, options)
  }

  async folders(folder: string): Promise<string[]> {
    checkObjectFolder(folder)
    await refuseLinks(join(this.#root, folder, '.'))
    return listFolders(this.#root, temporaryFolder, folder)
  }

  async createIfAbsent(path: string, chunks: readonly Uint8Array[]): Promise<'created' | 'exists'> {
    const file = await this.#locate(path)
    for (let write = 1; ; write += 1) {
      if (await this.#isThere(file)) return 'exists'
      const temporary = await this.#temporaries.write(chunks)
      try {
        return await this.#name(temporary, file)
      } catch (error) {
        // ENOENT: a sweeper took our file for a dead writer's, or somebody removed the folder. Nothing was made.
        if (systemCode(error) !== 'ENOENT' || write === maxWrites) throw fileError(error, 'create', file)
      } finally {
        await this.#temporaries.remove(temporary)
      }
    }
  }

  async delete(path: string): Promise<void> {
    const file = await this.#locate(path)
    try {
      await unlink(file)
      await syncFolder(dirname(file))
    } catch (error) {
      if (!isAbsent(error) && !(await isFolder(file))) throw fileError(error, 'delete', file)
    }
  }

  async close(): Promise<void> {
    // Nothing is kept open between calls.
  }

  /** Gives the file its name, durably. */
  async #name(temporary: string, file: string): Promise<'created' | 'exists'> {
    await makeFolder(dirname(file))
    try {
      await link(temporary, file)
    } catch (error) {
      if (systemCode(error) === 'EEXIST' && (await this.#isThere(file))) return 'exists'
      throw error
    }
    await syncFolder(dirname(file))
    return 'created'
  }

  /** Whether an object is there; made durable before it is told, as its creator may have died before that. */
  async #isThere(file: string): Promise<boolean> {
    try {
      const stats = await lstat(file)
      if (stats.isSymbolicLink()) throw symbolicLink(file)
      if (!stats.isFile()) throw pathTaken(file)
      await syncFolder(dirname(file))
      return true
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false
      throw fileError(error, 'look at', file)
    }
  }

  async #read(path: string, read: (handle: FileHandle, size: number) => Promise<Buffer>): Promise<Buffer> {
    const file = await this.#locate(path)
    try {
      // Not blocking, so that a pipe in the place of an object stops nobody.
      const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      try {
        const stats = await handle.stat()
        if (!stats.isFile()) throw objectNotFound(this.url, path)
        return await read(handle, stats.size)
      } finally {
        await handle.close()
      }
    } catch (error) {
      if (isAbsent(error)) throw objectNotFound(this.url, path)
      throw fileError(error, 'read', file)
    }
  }

  /** The file of an object, in a folder that no link leads to. */
  async #locate(path: string): Promise<string> {
    checkObjectPath(path)
    if (path === temporaryFolder || path.startsWith(`${temporaryFolder}/`)) {
      throw new InvalidInputError('object-path-invalid', `Object path ${path} is reserved for unfinished objects.`, {
        remedy: `Choose a path that does not begin with ${temporaryFolder}.`,
      })
    }
    const file = join(this.#root, path)
    await refuseLinks(dirname(file))
    return file
  }
}

/** No such name, or one of its folders is a file: either way there is no such object. */
function isAbsent(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await lstat(file)).isDirectory()
  } catch (error) {
    throw fileError(error, 'look at', file)
  }
}
