import { mkdir, open, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileError, symbolicLink, systemCode } from './errors.ts'

/** Makes an entry made in `folder` survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Creates a folder and its parents, each of them durable before anything is put into it. Step by step, because Node's
 * recursive mkdir tells a read-only disk as ENOENT.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeOneFolder(folder)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    await makeFolder(dirname(folder))
    await makeOneFolder(folder)
  }
}

async function makeOneFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return
    throw error
  }
  await syncFolder(dirname(folder))
}

/** Throws when a folder below the (resolved) root is reached through a symbolic link; a folder that is absent is fine. */
export async function refuseLinks(folder: string): Promise<void> {
  let resolved: string
  try {
    resolved = await realpath(folder)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT') return refuseLinks(dirname(folder))
    if (code === 'ENOTDIR') return
    throw fileError(error, 'look at', folder)
  }
  if (resolved !== folder) throw symbolicLink(folder)
}
