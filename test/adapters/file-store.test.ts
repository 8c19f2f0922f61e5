import assert from 'node:assert/strict'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { openFileStore } from '../../src/adapters/file/store.ts'
import { ColdstreamError } from '../../src/errors.ts'
import { objectStoreSuite } from '../conformance/object-store.ts'

const exec = promisify(execFile)
const folders: string[] = []
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream store ü%-'))
  folders.push(folder)
  return folder
}

const is = (code: string) => (error: unknown) =>
  error instanceof ColdstreamError && error.code === code && error.remedy.length > 20

objectStoreSuite('FileStore', async () => {
  const root = join(await freshFolder(), 'is/made')
  const url = pathToFileURL(root).href
  return {
    store: await openFileStore(url),
    rival: await openFileStore(url),
    witness: {
      read: (path) => readFile(join(root, path)),
      async write(path, content) {
        await mkdir(dirname(join(root, path)), { recursive: true })
        await writeFile(join(root, path), content)
      },
    },
    stop: async () => undefined,
  }
})

describe('FileStore:', () => {
  test('nothing unfinished is left behind, whoever won', async () => {
    const root = await freshFolder()
    const store = await openFileStore(pathToFileURL(root).href)
    await Promise.all(Array.from({ length: 10 }, () => store.createIfAbsent('a/b', [Buffer.from('x')])))
    assert.deepEqual(await readdir(join(root, '.tmp')), [])
    assert.deepEqual(await readdir(join(root, 'a')), ['b'])
  })

  test('what a dead writer left is removed at the next write, what a live one is writing is not', async () => {
    const root = await freshFolder()
    await mkdir(join(root, '.tmp'))
    await writeFile(join(root, '.tmp/dead'), 'half a segm')
    await writeFile(join(root, '.tmp/alive'), 'half a segm')
    const old = new Date(Date.now() - 2 * 3_600_000)
    await utimes(join(root, '.tmp/dead'), old, old)
    const store = await openFileStore(pathToFileURL(root).href)
    assert.deepEqual(await Array.fromAsync(store.list('')), [])
    await store.createIfAbsent('a', [Buffer.from('x')])
    assert.deepEqual(await readdir(join(root, '.tmp')), ['alive'])
  })

  test('a writer killed at any moment leaves whole objects only', async () => {
    const root = await freshFolder()
    const url = pathToFileURL(root).href
    const script = join(await freshFolder(), 'writer.mjs')
    const adapter = new URL('../../src/adapters/file/store.ts', import.meta.url).href
    await writeFile(
      script,
      `import { openFileStore } from ${JSON.stringify(adapter)}
       const store = await openFileStore(${JSON.stringify(url)})
       for (let i = 0; ; i += 1) {
         await store.createIfAbsent('killed/' + process.pid + '-' + i, Array(50).fill(Buffer.alloc(20_000, 1)))
         process.send(i)
       }`,
    )
    for (const after of [1, 2, 4]) {
      const writer = fork(script)
      for (let i = 0; i < after; i += 1) await once(writer, 'message')
      writer.kill('SIGKILL')
      await once(writer, 'exit')
    }
    const store = await openFileStore(url)
    const objects = await Array.fromAsync(store.list('killed/'))
    assert.ok(objects.length >= 7)
    assert.deepEqual(
      objects.filter(({ bytes }) => bytes !== 1_000_000),
      [],
    )
  })

  test('a folder that startAfter or the prefix rules out is not opened', async () => {
    const root = await freshFolder()
    const store = await openFileStore(pathToFileURL(root).href)
    await store.createIfAbsent('log/b/1', [])
    // A link is refused wherever it is met, so a listing that succeeds has not looked into these folders.
    for (const name of ['log/a', 'other']) {
      await mkdir(join(root, name), { recursive: true })
      await symlink('/etc', join(root, name, 'link'))
    }
    assert.deepEqual(await Array.fromAsync(store.list('log/', { startAfter: 'log/a0' })), [
      { path: 'log/b/1', bytes: 0 },
    ])
    await assert.rejects(Array.fromAsync(store.list('log/')), is('store-symbolic-link'))
  })

  test('symbolic links below the root are refused, the root itself may be one', async () => {
    const outside = await freshFolder()
    await writeFile(join(outside, 'secret'), 'secret')
    const root = await freshFolder()
    await symlink(outside, join(root, 'out'))
    await symlink(join(outside, 'secret'), join(root, 'secret'))
    const alias = join(await freshFolder(), 'alias')
    await symlink(root, alias)
    const store = await openFileStore(pathToFileURL(alias).href)
    for (const path of ['out/secret', 'out/deep/er', 'secret']) {
      await assert.rejects(store.get(path), is('store-symbolic-link'), path)
      await assert.rejects(store.head(path), is('store-symbolic-link'), path)
      await assert.rejects(store.createIfAbsent(path, [Buffer.from('x')]), is('store-symbolic-link'), path)
    }
    await assert.rejects(store.delete('out/secret'), is('store-symbolic-link'))
    await assert.rejects(Array.fromAsync(store.list('out/')), is('store-symbolic-link'))
    assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'secret')
    assert.equal(await store.createIfAbsent('fine', []), 'created')
  })

  test('a path that is a folder, or goes through a file, is refused by name', async () => {
    const root = await freshFolder()
    const store = await openFileStore(pathToFileURL(root).href)
    await store.createIfAbsent('a/b', [])
    await assert.rejects(store.createIfAbsent('a', []), is('object-path-taken'))
    await assert.rejects(store.createIfAbsent('a/b/c', []), is('object-path-taken'))
    await assert.rejects(store.createIfAbsent('.tmp/x', []), is('object-path-invalid'))
    await store.delete('a')
    assert.deepEqual(await Array.fromAsync(store.list('')), [{ path: 'a/b', bytes: 0 }])
    await assert.rejects(openFileStore(pathToFileURL(join(root, 'a/b')).href), is('object-path-taken'))
  })

  test('urls that are no local folder are refused', async () => {
    for (const url of ['file://host/path', 'file:relative', 'file:///a?b', 'file:///a%2Fb', '/plain', 's3://bucket']) {
      await assert.rejects(openFileStore(url), is('store-url-invalid'), url)
    }
  })
})

describe('FileStore on a disk that says no:', () => {
  /** Runs as root in a mount namespace of its own, which needs the right to make one. */
  async function onSmallDisk(options: string, body: string): Promise<string> {
    const mount = await freshFolder()
    const script = join(await freshFolder(), 'small.mjs')
    const adapter = new URL('../../src/adapters/file/store.ts', import.meta.url).href
    await writeFile(
      script,
      `import { openFileStore } from ${JSON.stringify(adapter)}
       const store = await openFileStore(${JSON.stringify(pathToFileURL(mount).href)})
       const told = await (async () => { ${body} })().catch((error) => ({ code: error.code, remedy: error.remedy, message: error.message }))
       console.log(JSON.stringify(told))`,
    )
    const shell = `mount -t tmpfs -o ${options} none "$1" && shift && exec "$@"`
    const { stdout } = await exec('unshare', ['-m', 'sh', '-c', shell, 'sh', mount, process.execPath, script])
    return stdout
  }
  const skip = process.getuid?.() === 0 ? false : 'needs root, to mount a small disk'

  test('a full disk is told with the file and what to do, and leaves no half object', { skip }, async () => {
    const told = await onSmallDisk(
      'size=1m',
      `const full = await store.createIfAbsent('a/b', [Buffer.alloc(3_000_000)]).catch((error) => error)
       const left = await Array.fromAsync(store.list(''))
       return { code: full.code, remedy: full.remedy, left, after: await store.createIfAbsent('a/b', [Buffer.alloc(500_000)]) }`,
    )
    const { code, remedy, left, after } = JSON.parse(told)
    assert.deepEqual({ code, left, after }, { code: 'store-full', left: [], after: 'created' })
    assert.match(remedy, /Free space/)
  })

  test('a read-only disk is told', { skip }, async () => {
    const told = JSON.parse(await onSmallDisk('ro', `return await store.createIfAbsent('a/b', [])`))
    assert.equal(told.code, 'store-read-only')
    assert.match(told.message, /read-only/)
  })

  test('missing permission is told', {
    skip: process.getuid?.() === 0 ? false : 'runs as the user nobody',
  }, async () => {
    const root = await freshFolder()
    await chmod(root, 0o555)
    const script = join(await freshFolder(), 'nobody.mjs')
    await chmod(dirname(script), 0o755)
    const adapter = new URL('../../src/adapters/file/store.ts', import.meta.url).href
    await writeFile(
      script,
      `import { openFileStore } from ${JSON.stringify(adapter)}
       const store = await openFileStore(${JSON.stringify(pathToFileURL(root).href)})
       process.setuid(65534)
       console.log(await store.createIfAbsent('a/b', []).catch((error) => error.code + ' ' + error.remedy))`,
    )
    const { stdout } = await exec(process.execPath, [script])
    assert.match(stdout, /^store-permission Give the user/)
  })
})
