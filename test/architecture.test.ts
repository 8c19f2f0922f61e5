import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { suite } from 'node:test'
import { type Import, importCycles, importsBelow, importsOf, sourceFiles } from './kit/imports.ts'

const repository = join(import.meta.dirname, '..')
const maxLines = 300

const base = ['errors', 'ports', 'map-concurrently']
const shared = [...base, 'format', 'catalog']
const services = ['archive', 'replay', 'query', 'jobs']
const inside = [...shared, ...services, 'connect', 'config', 'services']

/** What each room (a folder of src, or a file at its top) may import besides itself. `docs/architecture.md` says why. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  'map-concurrently': [],
  ports: ['errors'],
  format: base,
  catalog: [...base, 'format'],
  archive: shared,
  replay: shared,
  query: shared,
  jobs: shared,
  connect: [...shared, 'archive'],
  config: [...base, 'format'],
  services: [...shared, ...services, 'connect', 'config'],
  http: inside,
  cli: [...inside, 'http'],
  adapters: ['errors', 'ports', 'format'],
  stores: ['ports', 'archive', 'adapters'],
  // types only, so that nothing of the service is loaded with it
  client: ['replay'],
  'capture-thread': ['archive', 'config', 'adapters', 'stores'],
  'capture-threads': ['ports', 'archive', 'stores', 'capture-thread'],
  app: [...inside, 'http', 'cli', 'adapters', 'stores', 'capture-threads'],
  main: [...inside, 'http', 'cli', 'app'],
}

/** Clients of outside systems: nothing but their adapters may know them. */
const clientPackages = ['@aws-sdk/', '@duckdb/', '@platformatic/kafka', 'kafkajs', 'minio']

suite('the house', () => {
  const imports = importsBelow(repository, 'src')

  test('imports point one way', () => {
    assert.deepEqual(imports.flatMap(violation), [])
  })

  test('no files import each other in a circle', () => {
    assert.deepEqual(importCycles(imports), [])
  })

  test('the client loads nothing but itself and Node.js: of all else it takes types', () => {
    for (const file of sourceFiles(repository, 'src/client')) {
      const source = readFileSync(join(repository, file), 'utf8')
      const values = importsOf(file, source.replaceAll(/^(?:import|export) type .*$/gm, ''))
      const foreign = values.filter(({ to }) => !to.startsWith('src/client/') && !to.startsWith('node:'))
      assert.deepEqual(foreign, [], file)
    }
  })

  test('every relative path to a source file was understood as an import', () => {
    for (const file of sourceFiles(repository, 'src')) {
      const paths = readFileSync(join(repository, file), 'utf8').match(/(['"])\.{1,2}\/[^'"\s]+\.ts\1/g) ?? []
      const understood = imports.filter(({ from, kind }) => from === file && kind === 'file')
      assert.equal(understood.length, paths.length, file)
    }
  })

  test(`no file in src has more than ${maxLines} lines`, () => {
    const long = sourceFiles(repository, 'src').flatMap((file) => {
      const lines = readFileSync(join(repository, file), 'utf8').trimEnd().split('\n').length
      return lines > maxLines ? [`${file} has ${lines} lines`] : []
    })
    assert.deepEqual(long, [])
  })
})

suite('the rules about imports', () => {
  const refused: [from: string, source: string][] = [
    ['src/format/a.ts', `import { x } from '../archive/b.ts'`],
    ['src/format/a.ts', `import type { X } from '../catalog/b.ts'`],
    ['src/archive/a.ts', `export { x } from '../replay/b.ts'`],
    ['src/query/deep/a.ts', `export * from '../../archive/b.ts'`],
    ['src/replay/a.ts', `const x = await import('../http/server.ts')`],
    ['src/http/a.ts', `import { x } from '../adapters/s3/store.ts'`],
    ['src/query/a.ts', `fork(new URL('../adapters/duckdb/child.ts', import.meta.url))`],
    ['src/adapters/s3/a.ts', `import { x } from '../kafka/cluster.ts'`],
    ['src/adapters/s3/a.ts', `import { x } from '../../map-concurrently.ts'`],
    ['src/ports/a.ts', `import { x } from '../format/b.ts'`],
    ['src/ports/a.ts', `import { x } from 'fastify'`],
    ['src/errors.ts', `import { x } from './ports/clock.ts'`],
    ['src/cli/a.ts', `import '../../test/kit/kafka.ts'`],
    ['src/app.ts', `import { x } from '../examples/demo/main.ts'`],
    ['src/archive/a.ts', `import {\n  Kafka,\n  logLevel,\n} from 'kafkajs'`],
    ['src/unheard-of/a.ts', `import { x } from '../errors.ts'`],
    ['src/cli/a.ts', `import { x } from '../main.ts'`],
  ]
  for (const [from, source] of refused) {
    test(`refuse ${JSON.stringify(source)} in ${from}`, () => {
      const violations = importsOf(from, source).flatMap(violation)
      assert.equal(violations.length, 1)
      assert.ok(violations[0]!.startsWith(`${from} imports `), violations[0])
    })
  }

  test('allow what the design allows', () => {
    const allowed = [
      ...importsOf('src/app.ts', `import { x } from './adapters/s3/store.ts'`),
      ...importsOf('src/adapters/kafka/a.ts', `import { x } from './b.ts'\nimport y from '@platformatic/kafka'`),
      ...importsOf('src/adapters/pino-log.ts', `import type { Log } from '../ports/log.ts'`),
      ...importsOf('src/replay/a.ts', `import { x } from '../catalog/snapshot.ts'\nimport z from 'node:zlib'`),
    ]
    assert.equal(allowed.length, 6)
    assert.deepEqual(allowed.flatMap(violation), [])
  })

  test('an export that only declares is no import', () => {
    assert.deepEqual(importsOf('src/a.ts', `export const from = 'b'\nexport function f(text = 'x') {}\n`), [])
  })

  test('a circle is found and written out, whichever file it is entered by', () => {
    const circle = [
      ...importsOf('src/a.ts', `import type { B } from './b.ts'`),
      ...importsOf('src/b.ts', `import { c } from './c/c.ts'`),
      ...importsOf('src/c/c.ts', `import { b } from '../b.ts'`),
    ]
    assert.deepEqual(importCycles(circle), ['src/b.ts -> src/c/c.ts -> src/b.ts'])
  })
})

/** What is wrong with an import, or nothing. */
function violation({ from, to, kind }: Import): string[] {
  const room = roomOf(from)
  const allowed = mayImport[room]
  if (allowed === undefined)
    return [
      `${from} imports ${to}, but src/${room} is no room of the house: give it rules in test/architecture.test.ts`,
    ]
  if (kind === 'package') return packageViolation(from, to, room)
  if (!to.startsWith('src/')) return [`${from} imports ${to}: nothing in src imports what is outside it`]
  const target = roomOf(to)
  if (target === 'adapters' && room === 'adapters') {
    return adapterOf(from) === adapterOf(to) ? [] : [`${from} imports ${to}: an adapter knows no other adapter`]
  }
  if (target === room || allowed.includes(target)) return []
  return [`${from} imports ${to}: ${room} may import only ${allowed.join(', ') || 'nothing'}`]
}

function packageViolation(from: string, to: string, room: string): string[] {
  if (room === 'ports') return [`${from} imports ${to}: ports say what is needed, without any package`]
  const client = clientPackages.find((name) => to === name || to.startsWith(name))
  if (client === undefined || room === 'adapters') return []
  if (client === 'kafkajs' && room === 'client') return []
  return [`${from} imports ${to}: only adapters know the clients of outside systems`]
}

/** `src/format/x.ts` -> `format`, `src/app.ts` -> `app`. */
function roomOf(file: string): string {
  return file.split('/')[1]!.replace(/\.ts$/, '')
}

/** `src/adapters/s3/store.ts` -> `s3`, `src/adapters/pino-log.ts` -> `pino-log.ts`. */
function adapterOf(file: string): string {
  return file.split('/')[2]!
}
