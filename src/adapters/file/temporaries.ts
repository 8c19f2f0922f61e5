import { randomUUID } from 'node:crypto'
import { lstat, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError, systemCode } from './errors.ts'
import { makeFolder } from './folders.ts'

/** No write takes this long; and a writer that was slower still only has to write again (see FileStore). */
const staleAfterMs = 60 * 60 * 1000

/**
 * The side folder in which objects are written before they get their name. What writers left there that died is removed
 * once per process, at its first write, by the file system's own clock.
 */
export class Temporaries {
  readonly #folder: string
  #swept = false

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Writes a file that survives a power cut, and returns its path. The caller removes it. */
  async write(chunks: readonly Uint8Array[]): Promise<string> {
    const file = join(this.#folder, randomUUID())
    try {
      await makeFolder(this.#folder)
      const handle = await open(file, 'wx')
      try {
        await handle.writeFile(chunks)
        await handle.sync()
        if (!this.#swept) await this.#sweep((await handle.stat()).mtimeMs)
      } finally {
        await handle.close()
      }
      return file
    } catch (error) {
      await this.remove(file)
      throw fileError(error, 'write', file)
    }
  }

  async remove(file: string): Promise<void> {
    try {
      await unlink(file)
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw fileError(error, 'remove', file)
    }
  }

  async #sweep(nowMs: number): Promise<void> {
    this.#swept = true
    for (const name of await readdir(this.#folder)) {
      const file = join(this.#folder, name)
      const mtimeMs = await modifiedAt(file)
      if (mtimeMs !== null && nowMs - mtimeMs > staleAfterMs) await this.remove(file)
    }
  }
}

/** Null when the file went away: its writer was not dead, only quicker. */
async function modifiedAt(file: string): Promise<number | null> {
  try {
    return (await lstat(file)).mtimeMs
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw fileError(error, 'look at', file)
  }
}
