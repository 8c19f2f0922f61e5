import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'

export interface CachedFile {
  bytes: number
  /** Hex; null until this process has looked at the bytes. */
  sha256: string | null
}

/** A download that takes longer is none any more: its process is gone. */
const ABANDONED_MS = 60 * 60 * 1000

/** Files of a cache folder by their path relative to it, least recently used first; remains of cut downloads go. */
export async function scanCache(folder: string): Promise<Map<string, CachedFile>> {
  const found: { path: string; bytes: number; usedMs: number }[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const { size, mtimeMs } = await stat(file)
    if (entry.name.endsWith('.part')) {
      if (Date.now() - mtimeMs > ABANDONED_MS) await rm(file, { force: true })
      continue
    }
    found.push({ path: relative(folder, file).split(sep).join('/'), bytes: size, usedMs: mtimeMs })
  }
  found.sort((a, b) => a.usedMs - b.usedMs)
  return new Map(found.map(({ path, bytes }) => [path, { bytes, sha256: null }]))
}

/** Notes the use where a restart finds it. */
export async function touch(file: string): Promise<void> {
  const now = new Date()
  await utimes(file, now, now)
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
