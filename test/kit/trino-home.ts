import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kitCacheDir } from './cache.ts'
import { run } from './run.ts'

/** The newest release on Maven Central; it wants Java 24. */
const version = '476'

/** Folders of a Trino server. */
export interface TrinoHome {
  /** Its `*.jar`. */
  libraries: string
  /** One plugin with the connectors `iceberg` and `hive`. */
  plugins: string
}

/**
 * Trino's server without its plugins, and the one plugin that tests need; 540 MB, fetched by Maven the first time and
 * kept in the kit's cache. Several processes may ask at once: the folder appears whole or not at all.
 */
export async function trinoHome(): Promise<TrinoHome> {
  const home = join(kitCacheDir, `trino-${version}`)
  const folders = { libraries: join(home, 'lib'), plugins: join(home, 'plugins') }
  if (existsSync(home)) return folders
  const building = await mkdtemp(join(kitCacheDir, `trino-${version}-building-`))
  try {
    await unpack(building, `trino-server-core:${version}:tar.gz`)
    await unpack(building, `trino-iceberg:${version}:zip`)
    const whole = join(building, 'whole')
    await mkdir(join(whole, 'plugins'), { recursive: true })
    await rename(join(building, `trino-server-core-${version}`, 'lib'), join(whole, 'lib'))
    const plugin = join(whole, 'plugins', 'lake')
    await rename(join(building, `trino-iceberg-${version}`), plugin)
    await announceHive(plugin)
    await rename(whole, home).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster; its folder holds the same.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return folders
}

async function unpack(folder: string, artifact: string): Promise<void> {
  const [name] = artifact.split(':')
  await writeFile(join(folder, 'pom.xml'), emptyPom)
  await run('mvn', ['-B', '-q', 'dependency:unpack', `-Dartifact=io.trino:${artifact}`, '-DoutputDirectory=.'], {
    cwd: folder,
  }).catch((cause) => {
    throw new Error(`Trino's ${name} ${version} could not be fetched from Maven Central.`, { cause })
  })
}

const emptyPom =
  '<project><modelVersion>4.0.0</modelVersion><groupId>coldstream</groupId><artifactId>kit</artifactId><version>1</version><packaging>pom</packaging></project>\n'

/** Iceberg's plugin holds the Hive connector's classes and all that they need: naming it saves another 258 MB. */
async function announceHive(plugin: string): Promise<void> {
  const services = join(plugin, 'services', 'META-INF', 'services')
  await mkdir(services, { recursive: true })
  await writeFile(join(services, 'io.trino.spi.Plugin'), 'io.trino.plugin.hive.HivePlugin\n')
}
