import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kitCacheDir } from './cache.ts'

const exec = promisify(execFile)

/** Runs `go` in a folder, with settings over the environment. */
export type Go = (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<void>

/**
 * Path of a server that is built from Go source the first time and then kept in the kit's cache. `build` leaves the
 * program, under its name, in the folder it is given. Two processes that build at once both succeed: the rename is
 * atomic, and either's program serves.
 */
export async function goBinary(name: string, build: (folder: string, go: Go) => Promise<void>): Promise<string> {
  const binary = join(kitCacheDir, 'bin', name)
  if (existsSync(binary)) return binary
  await mkdir(join(kitCacheDir, 'bin'), { recursive: true })
  const folder = await mkdtemp(join(kitCacheDir, `${name}-building-`))
  try {
    await build(folder, (args, env) => runGo(folder, args, env))
    await rename(join(folder, name), binary)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return binary
}

async function runGo(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  try {
    await exec('go', args, { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!absent) throw error
    throw new Error(
      "Cannot build the S3 test servers: 'go' is not on the PATH. Install Go 1.26 or newer (https://go.dev/dl).",
      {
        cause: error,
      },
    )
  }
}
