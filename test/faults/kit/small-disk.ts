import { execFile } from 'node:child_process'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Round } from './round.ts'

const run = promisify(execFile)

/** Whether this process may mount file systems. */
export const canMount: boolean = process.getuid?.() === 0

/** A file system that can be made full. */
export interface SmallDisk {
  folder: string
  /** Leaves so many bytes free. */
  fillBut(bytes: number): Promise<void>
  /** Frees what was filled. */
  free(): Promise<void>
}

/** Mounts a file system of so many MiB in memory, gone at the end of the round. */
export async function smallDisk(round: Round, mebibytes: number): Promise<SmallDisk> {
  const folder = join(round.folder, 'small-disk')
  await mkdir(folder)
  await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'coldstream-faults', folder])
  round.closeLater(() => run('umount', ['--lazy', folder]))
  const filler = join(folder, 'filler')
  return {
    folder,
    async fillBut(bytes) {
      const { bavail, bsize } = await statfs(folder)
      await writeFile(filler, Buffer.alloc(bavail * bsize - bytes))
    },
    free: () => rm(filler),
  }
}
