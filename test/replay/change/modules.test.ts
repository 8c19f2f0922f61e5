import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { listUpcasters } from '../../../src/replay/change/list-upcasters.ts'
import { openUpcaster } from '../../../src/replay/change/open-upcaster.ts'
import type { UpcasterIdentity } from '../../../src/replay/change/upcaster-identity.ts'
import { rowsOf } from '../../format/record-batch/samples.ts'
import { jsonModule, moduleFolder, openSource, place, recordOf, settingsOf, valuesOf, withCode } from './kit.ts'

const good = jsonModule('return event')

async function identityOf(folder: string, expected: UpcasterIdentity | null = null): Promise<UpcasterIdentity> {
  const upcaster = await openUpcaster('upcaster', settingsOf(folder), expected)
  await upcaster.close()
  return upcaster.identity
}

describe('upcasters are listed', () => {
  it('with version, description and hash, by name', async (t) => {
    const described = `export default { name: 'b', version: '2.1', description: 'Says so.', accepts: 'bytes', upcast: (event) => event }\n`
    const folder = await moduleFolder(t, { 'b.mjs': described, 'a.ts': good })
    const listed = await listUpcasters(folder, settingsOf(folder))
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['a', 'b'],
    )
    const sha256 = createHash('sha256').update(described).digest('hex')
    const module = { version: '2.1', description: 'Says so.', accepts: 'bytes', sha256 }
    assert.deepEqual(listed[1], { name: 'b', file: join(folder, 'b.mjs'), module, problems: [] })
  })

  it('without tests, declarations, other files and subfolders', async (t) => {
    const files = { 'a.ts': good, 'a.test.ts': 'boom(', 'a.d.ts': 'boom(', 'README.md': '', 'package.json': '{}' }
    const folder = await moduleFolder(t, files)
    await mkdir(join(folder, 'shared'))
    const listed = await listUpcasters(folder, settingsOf(folder))
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['a'],
    )
  })

  const broken: Record<string, [source: string, ...problems: RegExp[]]> = {
    'that cannot be parsed': [
      'export default {\n  version: 1,\n  upcast(event) { return ( }\n}\n',
      /^m\.ts:3: SyntaxError: /,
    ],
    'with what would have to be compiled': ['const a = 1\nenum Colour { red }\n', /^m\.ts:2: .*enum/],
    'that throws while it loads': ['\n\nconst x = undefined\nx.y()\n', /^m\.ts:4: TypeError: /],
    'that imports what is not there': [`// first line\nimport './missing.ts'\n${good}`, /^m\.ts:2: .*missing\.ts/],
    'without a default export': ['export const upcaster = 1\n', /^m\.ts:1: .*default export/],
    'with members that are wrong': [
      `// first line\nexport default { name: 'other', accepts: 'xml', upcast: 1, tombstone: true }\n`,
      /^m\.ts:2: "tombstone" is not known/,
      /^m\.ts:2: "name" must be the file's name, m/,
      /^m\.ts:2: "version" must be/,
      /^m\.ts:2: "accepts" must be/,
      /^m\.ts:2: "upcast" must be a function/,
    ],
    'that is async': [`export default { version: 1, accepts: 'json', upcast: async (event) => event }\n`, /is async/],
    'that is a generator': [
      `export default { version: 1, accepts: 'json', *upcast(event) { yield event } }\n`,
      /generator/,
    ],
    'that never finishes loading': [
      'await new Promise(() => {})\n',
      /^m\.ts:1: it ended its thread with code 0 while it was loaded/,
    ],
  }
  for (const [name, [source, ...expected]] of Object.entries(broken)) {
    it(`when they are broken, with the line: one ${name}`, async (t) => {
      const folder = await moduleFolder(t, { 'm.ts': source, 'z.ts': good })
      const [listed, other] = await listUpcasters(folder, settingsOf(folder))
      assert.equal(listed?.module, null)
      assert.equal(listed?.problems.length, expected.length, listed?.problems.join('\n'))
      for (const [index, problem] of expected.entries()) assert.match(listed!.problems[index]!, problem)
      assert.deepEqual(other?.problems, [])
      await assert.rejects(openUpcaster('m', settingsOf(folder), null), withCode('upcaster-broken'))
    })
  }

  it('when two files have the same name', async (t) => {
    const folder = await moduleFolder(t, { 'a.ts': good, 'a.js': good })
    for (const { module, problems } of await listUpcasters(folder, settingsOf(folder))) {
      assert.equal(module, null)
      assert.match(problems.join(), /has the name a, too/)
    }
    await assert.rejects(openUpcaster('a', settingsOf(folder), null), withCode('upcaster-ambiguous'))
  })

  it('as none when no folder is configured; a folder that is not there is an error', async () => {
    assert.deepEqual(await listUpcasters(null, settingsOf(null)), [])
    await assert.rejects(listUpcasters('/nowhere', settingsOf(null)), withCode('upcasters-folder-unreadable'))
  })
})

describe('an upcaster is found', () => {
  it('by its name in the folder, and nowhere else', async (t) => {
    const folder = await moduleFolder(t, { 'x.ts': good })
    await mkdir(join(folder, 'inner'))
    for (const name of ['../x', 'inner/../x', '..', 'y', 'x.ts', '', '/etc/passwd']) {
      const settings = settingsOf(join(folder, name === '../x' ? 'inner' : ''))
      await assert.rejects(openUpcaster(name, settings, null), withCode('upcaster-not-found'), name)
    }
    await assert.rejects(openUpcaster('x', settingsOf(null), null), withCode('upcasters-not-configured'))
  })

  it('with its types from coldstream/upcaster, wherever the folder lies', async (t) => {
    const source = `import { defineUpcaster, type UpcasterEvent } from 'coldstream/upcaster'
const add = ({ value }: UpcasterEvent<{ n: number }>): object => ({ n: value.n + 1 })
export default defineUpcaster<{ n: number }>({ version: 1, accepts: 'json', upcast: (event) => ({ value: add(event) }) })
`
    const upcaster = await openSource(t, source)
    const [row] = await upcaster.upcast(place, rowsOf([recordOf('{"n":1}')]), 0, 1)
    assert.deepEqual(valuesOf(row), ['{"n":2}'])
    assert.equal(upcaster.identity.sha256, createHash('sha256').update(source).digest('hex'))
  })
})

describe('a replay that goes on with its upcaster', () => {
  it('is refused when the module was changed, also when its version was not', async (t) => {
    const folder = await moduleFolder(t, { 'upcaster.ts': good })
    const file = join(folder, 'upcaster.ts')
    const before = await identityOf(folder)
    assert.deepEqual(await identityOf(folder, before), before)
    await writeFile(file, `${good}// changed\n`)
    await assert.rejects(identityOf(folder, before), withCode('upcaster-changed', /upcaster is not the one/))
    await writeFile(file, good.replace('version: 1', 'version: 2'))
    await assert.rejects(identityOf(folder, before), withCode('upcaster-changed', /was version 1 and is version 2/))
    await writeFile(file, good)
    assert.deepEqual(await identityOf(folder, before), before)
  })

  it('is refused when a file was changed that the module imports', async (t) => {
    const source = `import { add } from './shared/add.ts'\n${jsonModule('return { value: add(event.value) }')}`
    const folder = await moduleFolder(t, { 'upcaster.ts': source })
    await mkdir(join(folder, 'shared'))
    await writeFile(join(folder, 'shared', 'add.ts'), 'export const add = (n: number): number => n + 1\n')
    const before = await identityOf(folder)
    assert.deepEqual(await identityOf(folder, before), before)
    await writeFile(join(folder, 'shared', 'add.ts'), 'export const add = (n: number): number => n + 2\n')
    await assert.rejects(identityOf(folder, before), withCode('upcaster-changed'))
  })

  it('is stopped when the module is changed before another thread loads it', async (t) => {
    const folder = await moduleFolder(t, {
      'upcaster.ts': jsonModule('if (event.value === 0) process.exit(1); return event'),
    })
    const upcaster = await openUpcaster('upcaster', settingsOf(folder), null)
    t.after(() => upcaster.close())
    await writeFile(join(folder, 'upcaster.ts'), good)
    const work = upcaster.upcast(place, rowsOf([recordOf('0'), recordOf('1')]), 0, 2)
    await assert.rejects(work, withCode('upcaster-changed'))
  })
})
