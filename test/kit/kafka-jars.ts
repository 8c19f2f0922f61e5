import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { kitCacheDir } from './cache.ts'

/** The release that tests run on unless they ask for another. */
const kafkaVersion = '4.3.1'
const log4jVersion = '2.25.3'

const dependency = (artifact: string): string => {
  const [groupId, artifactId, version] = artifact.split(':')
  return `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`
}

const pom = (artifacts: readonly string[]): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>coldstream</groupId><artifactId>kafka-kit</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
${artifacts.map(dependency).join('\n')}
</dependencies></project>
`

const log4j = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.target = \${sys:kit.log.target:-SYSTEM_ERR}
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %-5p %c{1} %m%n
rootLogger.level = \${sys:kit.log.level:-ERROR}
rootLogger.appenderRef.console.ref = console
`

const logging = [
  `org.apache.logging.log4j:log4j-slf4j-impl:${log4jVersion}`,
  `org.apache.logging.log4j:log4j-core:${log4jVersion}`,
]

/** Folder of Kafka with its tools, see `jarsOf`. */
export function kafkaJars(version: string = kafkaVersion): Promise<string> {
  const artifacts = [`org.apache.kafka:kafka_2.13:${version}`, `org.apache.kafka:kafka-tools:${version}`]
  return jarsOf('kafka', version, [...artifacts, ...logging])
}

/** Folder of Kafka Connect with its file connectors, see `jarsOf`. */
export function connectJars(): Promise<string> {
  const artifacts = ['connect-runtime', 'connect-file'].map((name) => `org.apache.kafka:${name}:${kafkaVersion}`)
  return jarsOf('connect', kafkaVersion, artifacts)
}

/**
 * Folder that holds `libs/*.jar` of the artifacts, and `log4j2.properties`. Fetched by Maven the first time, then
 * kept in the kit's cache; several processes may ask at once, because the folder appears whole or not at all.
 */
async function jarsOf(name: string, version: string, artifacts: readonly string[]): Promise<string> {
  const home = join(kitCacheDir, `${name}-${version}`)
  if (existsSync(home)) return home
  const building = await mkdtemp(join(kitCacheDir, `${name}-building-`))
  try {
    await writeFile(join(building, 'pom.xml'), pom(artifacts))
    await writeFile(join(building, 'log4j2.properties'), log4j)
    await run('mvn', ['-B', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=libs'], { cwd: building })
    await rename(building, home).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster; its folder holds the same.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return home
}

const installHint: Record<string, string> = {
  java: 'Install a Java 17 or newer runtime (Debian: `apt-get install openjdk-17-jre-headless`)',
  mvn: 'Install Maven (Debian: `apt-get install maven`)',
}

/** Runs a program to its end and returns its standard output; a missing program is named with what to install. */
export async function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; stdin?: string } = {},
): Promise<string> {
  const child = spawn(program, args, { cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(options.stdin ?? '')
  try {
    const [code, out, err] = await Promise.all([exit, text(child.stdout), text(child.stderr)])
    if (code === 0) return out
    throw new Error(`${program} ended with ${code}: ${(err + out).slice(-4000)}`)
  } catch (error) {
    throw missingProgram(program, error)
  }
}

/** Turns "no such program" into an error that says what to install; others are returned as they are. */
export function missingProgram(program: string, error: unknown): unknown {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ENOENT') return error
  const hint = installHint[program] ?? `Install ${program}`
  return new Error(
    `Cannot start a Kafka: '${program}' is not on the PATH. ${hint}, or set COLDSTREAM_TEST_KAFKA to the address of a broker.`,
    { cause: error },
  )
}
