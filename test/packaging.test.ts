import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import test, { suite } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { loadConfig } from '../src/config.ts'
import { rowsOf } from './format/record-batch/samples.ts'
import { importsOf } from './kit/imports.ts'
import { sharedMinio } from './kit/minio.ts'
import { type S3Access, witness } from './kit/s3-server.ts'
import { sharedVersitygw } from './kit/versitygw.ts'
import { moduleFolder, place, recordOf, settingsOf, valuesOf } from './replay/change/kit.ts'

const exec = promisify(execFile)
const repository = join(import.meta.dirname, '..')

suite('the package', () => {
  test('holds the built program, the templates and the connectors, and neither sources nor tests', async () => {
    // no scripts: `prepare` would build again, below other tests that run the program
    const { stdout } = await exec('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: repository })
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
    const paths = files.map(({ path }) => path)
    for (const needed of [
      'dist/main.js',
      'connectors/orders-s3-archive.json',
      'queries/events-of-key.sql',
      'dist/replay/change/upcaster.d.ts',
      'README.md',
    ]) {
      assert.ok(paths.includes(needed), `${needed} is missing`)
    }
    const foreign = paths.filter(
      (path) => !/^(dist|queries|connectors)\/|^(package\.json|README\.md|LICENSE)$/.test(path),
    )
    assert.deepEqual(foreign, [])
    const sources = paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    assert.deepEqual(sources, [])
  })

  test('gives those who write upcasters their types and their helper, and runs what they wrote', async (t) => {
    const source = `import { defineUpcaster } from 'coldstream/upcaster'
const upcast = (event: { value: { n: number } }): object => ({ value: { n: event.value.n + 1 } })
export default defineUpcaster<{ n: number }>({ version: 1, accepts: 'json', upcast })
`
    const folder = await moduleFolder(t, { 'upcaster.ts': source })
    const { defineUpcaster } = await import('coldstream/upcaster')
    assert.equal(defineUpcaster({ version: 1, accepts: 'bytes', upcast: (event) => event }).version, 1)
    const built = pathToFileURL(join(repository, 'dist', 'replay', 'change', 'open-upcaster.js')).href
    const { openUpcaster } = (await import(built)) as typeof import('../src/replay/change/open-upcaster.ts')
    const upcaster = await openUpcaster('upcaster', settingsOf(folder), null)
    t.after(() => upcaster.close())
    const [row] = await upcaster.upcast(place, rowsOf([recordOf('{"n":1}')]), 0, 1)
    assert.deepEqual(valuesOf(row), ['{"n":2}'])
  })

  test('has a client that loads nothing but itself and Node.js, with its types', async () => {
    const { exports } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
    const { types, default: main } = exports['./client']
    assert.ok(existsSync(join(repository, types)))
    const loaded = new Set<string>()
    const load = (file: string): void => {
      if (loaded.has(file)) return
      loaded.add(file)
      for (const { to, kind } of importsOf(file, readFileSync(join(repository, file), 'utf8'))) {
        if (kind === 'file') load(to)
        else assert.match(to, /^node:/, file)
      }
    }
    load(main.replace('./', ''))
    assert.ok(loaded.size > 5)
    for (const file of loaded) assert.ok(file.startsWith('dist/client/'), file)
    const client = (await import('coldstream/client')) as Record<string, unknown>
    for (const name of ['createColdstream', 'rebuildThenFollow', 'zstdCodec']) {
      assert.equal(typeof client[name], 'function', name)
    }
  })

  test('its command works in the clone', async () => {
    // a cache of its own: npx keeps a link per folder, which a clone that was here before may have left broken
    const cache = await mkdtemp(join(tmpdir(), 'coldstream-npx-'))
    const env = { ...process.env, npm_config_cache: cache }
    try {
      const { stdout } = await exec('npx', ['--no-install', 'coldstream', '--help'], { cwd: repository, env })
      assert.match(stdout, /^Usage: coldstream/)
    } finally {
      await rm(cache, { recursive: true })
    }
  })

  const older = olderNode()
  test('says what it needs to an older Node.js', {
    skip: older === null && 'no older Node.js on the PATH',
  }, async () => {
    const started = exec(older!, [join(repository, 'dist', 'main.js'), '--help'])
    await assert.rejects(started, (error: Error & { code: number; stderr: string }) => {
      assert.equal(error.code, 1)
      assert.match(
        error.stderr,
        /^error: coldstream needs Node\.js >=24\.\d+, this is \d+[^\n]*\n {2}what to do: [^\n]+\n$/,
      )
      return true
    })
  })
})

/** A Node.js on the PATH that is too old for Coldstream, or null. */
function olderNode(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const programs = folders.map((folder) => join(folder, 'node')).filter((program) => existsSync(program))
  const version = (program: string): number =>
    Number(/^v(\d+)/.exec(execFileSync(program, ['--version']).toString())?.[1])
  return programs.find((program) => version(program) < 24) ?? null
}

interface Service {
  image?: string
  command?: string | string[]
  entrypoint?: string[]
  environment?: Record<string, string>
  depends_on?: string[] | Record<string, unknown>
  volumes?: string[]
  ports?: string[]
}

suite('docker-compose.yml', () => {
  const { services, volumes } = readCompose({})

  test('names no service, volume or variable that is not there', () => {
    for (const [name, { depends_on, volumes: mounts }] of Object.entries(services)) {
      const needed = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on ?? {})
      for (const service of needed) assert.ok(service in services, `${name} depends on ${service}`)
      for (const mount of mounts ?? []) assert.ok(mount.split(':')[0]! in volumes, `${name} mounts ${mount}`)
    }
  })

  test('publishes ports on loopback only', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? [])
    assert.ok(ports.length > 0)
    assert.deepEqual(
      ports.filter((port) => !port.startsWith('127.0.0.1:')),
      [],
    )
  })

  test('configures Coldstream with what it knows', async () => {
    const environment = services.coldstream!.environment!
    const known = readFileSync(join(repository, 'docs', 'configuration.md'), 'utf8')
    for (const name of Object.keys(environment)) assert.ok(known.includes(`\`${name}\``), `${name} is no variable`)
    const config = await loadConfig(null, { environment, workingFolder: join(repository, 'connectors') })
    assert.deepEqual(config.kafka.brokers, ['kafka:9092'])
    assert.equal(config.store.url, 's3://kafka-event-archive')
    assert.equal(config.http.host, '0.0.0.0')
  })

  test('has the hash of the key that its comment names', () => {
    const hash = createHash('sha256').update('local-only').digest('hex')
    assert.equal(services.coldstream!.environment!.COLDSTREAM_HTTP_API_KEYS, `local=${hash}`)
  })

  test('takes the object store as a variable', () => {
    const image = 'minio/minio:RELEASE.2025-09-07T16-13-09Z'
    assert.equal(readCompose({ OBJECT_STORE_IMAGE: image }).services['object-store']!.image, image)
  })

  for (const [name, shared] of Object.entries({ versitygw: sharedVersitygw, MinIO: sharedMinio })) {
    test(`makes the bucket on ${name}, and is content when it is there`, async () => {
      const store = await shared()
      const bucket = `compose-${process.pid}`
      for (const _ of ['first', 'again']) await makeBucket(store, bucket)
      assert.ok(await witness(store).bucketExists(bucket))
    })
  }

  async function makeBucket(store: S3Access, bucket: string): Promise<void> {
    const [, ...args] = services.bucket!.entrypoint!
    const environment = {
      COLDSTREAM_STORE: `s3://${bucket}/prefix`,
      COLDSTREAM_S3_ENDPOINT: store.endpoint,
      COLDSTREAM_S3_REGION: store.region,
      COLDSTREAM_S3_ACCESS_KEY_ID: store.accessKeyId,
      COLDSTREAM_S3_SECRET_ACCESS_KEY: store.secretAccessKey,
    }
    await exec(process.execPath, args, { cwd: repository, env: { ...process.env, ...environment } })
  }
})

/** The file as Compose reads it: variables put in, or their defaults, and `<<` merged. */
function readCompose(variables: Record<string, string>): {
  services: Record<string, Service>
  volumes: Record<string, unknown>
} {
  const text = readFileSync(join(repository, 'docker-compose.yml'), 'utf8')
  const resolved = text.replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, fallback: string) => variables[name] ?? fallback,
  )
  assert.doesNotMatch(resolved, /\$\{/, 'every variable has a default')
  return parse(resolved, { merge: true })
}
