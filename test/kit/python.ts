import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kitCacheDir } from './cache.ts'

const run = promisify(execFile)

/** What the environment holds; a change of it makes a new environment. */
const packages = ['pyarrow==22.0.0', 'datafusion==55.0.0']

let environment: Promise<string> | null = null

/**
 * Runs a Python script that may import pyarrow and datafusion, and returns what it printed. Rejects with what it wrote to stderr when
 * it fails. The environment is made on first use, which takes the network and some seconds.
 */
export async function python(script: string, args: readonly string[] = []): Promise<string> {
  environment ??= pythonEnvironment(packages)
  const { stdout } = await run(join(await environment, 'bin', 'python'), ['-c', script, ...args], {
    maxBuffer: 1 << 30,
  })
  return stdout
}

/**
 * Folder of an environment that holds the packages (`name==version`), made on first use. It is made aside and then moved into place: test
 * files run at the same time and only a whole environment may be seen.
 */
export async function pythonEnvironment(packages: readonly string[]): Promise<string> {
  const place = join(kitCacheDir, `python-${packages.join('-').replaceAll('==', '-')}`)
  if (existsSync(place)) return place
  const aside = `${place}.${process.pid}`
  await run('python3', ['-m', 'venv', aside])
  await run(join(aside, 'bin', 'python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    ...packages,
  ])
  try {
    await rename(aside, place)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    if (!existsSync(place)) throw error
  }
  return place
}
