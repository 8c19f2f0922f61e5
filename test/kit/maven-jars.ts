import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kitCacheDir } from './cache.ts'
import { run } from './run.ts'

/** What Maven fetches, with all that it needs at run time. */
export interface MavenPlan {
  /** Of the folder in the kit's cache; says the versions, so that others get a folder of their own. */
  name: string
  /** `group:artifact:version`, and the `group:artifact` that are left out of what it needs. */
  artifacts: readonly (string | { artifact: string; without: string })[]
  /** Other files of the folder, by name. */
  files?: Readonly<Record<string, string>>
}

/**
 * Folder that holds `libs/*.jar` and the plan's files. Fetched by Maven the first time, then kept in the kit's cache;
 * several processes may ask at once, because the folder appears whole or not at all.
 */
export async function mavenJars({ name, artifacts, files = {} }: MavenPlan): Promise<string> {
  const home = join(kitCacheDir, name)
  if (existsSync(home)) return home
  const building = await mkdtemp(join(kitCacheDir, `${name}-building-`))
  try {
    await writeFile(join(building, 'pom.xml'), pom(artifacts))
    for (const [file, content] of Object.entries(files)) await writeFile(join(building, file), content)
    const copy = ['dependency:copy-dependencies', '-DoutputDirectory=libs', '-DincludeScope=runtime']
    await run('mvn', ['-B', '-q', ...copy], { cwd: building })
    await rename(building, home).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster; its folder holds the same.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return home
}

function pom(artifacts: MavenPlan['artifacts']): string {
  const dependencies = artifacts.map((entry) =>
    typeof entry === 'string' ? dependency(entry) : dependency(entry.artifact, entry.without),
  )
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>coldstream</groupId><artifactId>kit</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
${dependencies.join('\n')}
</dependencies></project>
`
}

function dependency(artifact: string, without?: string): string {
  const [groupId, artifactId, version] = artifact.split(':')
  const [outGroup, outArtifact] = without?.split(':') ?? []
  const exclusions =
    without === undefined
      ? ''
      : `<exclusions><exclusion><groupId>${outGroup}</groupId><artifactId>${outArtifact}</artifactId></exclusion></exclusions>`
  return `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version>${exclusions}</dependency>`
}
