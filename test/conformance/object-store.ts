import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { InvalidInputError, NotFoundError } from '../../src/errors.ts'
import type { ListOptions, ObjectInfo, ObjectStore } from '../../src/ports/object-store.ts'

/** A store under test, empty at first. */
export interface StoreUnderTest {
  /** Two clients of one root, as two processes would have them. */
  store: ObjectStore
  rival: ObjectStore
  /** Another implementation that reads and writes the same objects. */
  witness: {
    read(path: string): Promise<Buffer>
    write(path: string, content: Buffer): Promise<void>
  }
  stop(): Promise<void>
}

/** Object names that some store, URL or XML code has got wrong before. */
const oddPaths = [
  'odd/a+b.json',
  'odd/a b.json',
  'odd/year=2026/month=03/x+0+0000000000.parquet',
  'odd/%2F%25.json',
  'odd/äöü-日本語-🎈.json',
  'odd/!$&\'()*,;:@[]^{}|~`"<>#?.json',
  'odd/..hidden',
  'odd/-',
]

/** The promises of src/ports/object-store.ts, held against a real store. */
export function objectStoreSuite(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the promises of an object store:`, () => {
    let t: StoreUnderTest
    before(async () => {
      t = await start()
    })
    after(() => t.stop())

    test('what was created is read back, whole, by us and by another implementation', async () => {
      assert.equal(await t.store.createIfAbsent('read/one.json', [Buffer.from('{"a":1}')]), 'created')
      assert.equal((await t.store.get('read/one.json')).toString(), '{"a":1}')
      assert.equal((await t.witness.read('read/one.json')).toString(), '{"a":1}')
      assert.deepEqual(await t.store.head('read/one.json'), { path: 'read/one.json', bytes: 7 })
    })

    test('what another implementation wrote is read', async () => {
      await t.witness.write('foreign/topics/a.parquet', Buffer.from('PAR1'))
      assert.equal((await t.store.get('foreign/topics/a.parquet')).toString(), 'PAR1')
      assert.equal(await t.store.createIfAbsent('foreign/topics/a.parquet', [Buffer.from('x')]), 'exists')
    })

    test('a second create changes nothing and says so', async () => {
      assert.equal(await t.store.createIfAbsent('twice', [Buffer.from('first')]), 'created')
      assert.equal(await t.rival.createIfAbsent('twice', [Buffer.from('second, and longer')]), 'exists')
      assert.equal(await t.store.createIfAbsent('twice', []), 'exists')
      assert.equal((await t.rival.get('twice')).toString(), 'first')
    })

    test('of 20 writers to one path exactly one creates, ten times over, and its content stays', async () => {
      for (let round = 0; round < 10; round += 1) {
        const path = `race/${round}`
        // Contents of several sizes, so that a mixture would show.
        const contents = Array.from({ length: 20 }, (_, i) => Buffer.alloc(1000 + 1000 * i, i))
        const results = await Promise.all(
          contents.map((content, i) => (i % 2 === 0 ? t.store : t.rival).createIfAbsent(path, [content])),
        )
        assert.equal(results.filter((result) => result === 'created').length, 1)
        assert.deepEqual(await t.witness.read(path), contents[results.indexOf('created')])
      }
    })

    test('an object that was deleted is gone, can be created again, and may be deleted twice', async () => {
      await t.store.createIfAbsent('gone/x', [Buffer.from('1')])
      await t.store.delete('gone/x')
      await t.rival.delete('gone/x')
      await t.store.delete('never/was')
      assert.equal(await t.store.head('gone/x'), null)
      assert.deepEqual(await paths(t.store, 'gone/'), [])
      assert.equal(await t.store.createIfAbsent('gone/x', [Buffer.from('2')]), 'created')
    })

    test('an object that is not there: head says null, reads throw NotFoundError', async () => {
      await t.store.createIfAbsent('folder/of/x', [Buffer.from('1')])
      for (const path of ['absent', 'absent/deep/er', 'folder/of', 'folder/of/y']) {
        assert.equal(await t.store.head(path), null)
        const absent = (error: unknown): boolean => error instanceof NotFoundError && error.code === 'object-not-found'
        await assert.rejects(t.store.get(path), absent)
        await assert.rejects(t.store.getRange(path, 0, 10), absent)
        await assert.rejects(t.store.getRange(path, 5, 5), absent)
      }
    })

    test('ranges are half open and clipped to the end of the object', async () => {
      await t.store.createIfAbsent('range', [Buffer.from('0123456789')])
      const range = async (start: number, end: number): Promise<string> =>
        (await t.store.getRange('range', start, end)).toString()
      assert.equal(await range(0, 10), '0123456789')
      assert.equal(await range(2, 5), '234')
      assert.equal(await range(9, 10), '9')
      assert.equal(await range(8, 100), '89')
      assert.equal(await range(10, 20), '')
      assert.equal(await range(50, 60), '')
      assert.equal(await range(3, 3), '')
      for (const [start, end] of [
        [-1, 3],
        [5, 4],
        [0.5, 2],
        [0, Number.NaN],
      ] as const) {
        await assert.rejects(async () => t.store.getRange('range', start, end), RangeError)
      }
    })

    test('an empty object is an object', async () => {
      assert.equal(await t.store.createIfAbsent('empty/none', []), 'created')
      assert.equal(await t.store.createIfAbsent('empty/zero', [Buffer.alloc(0)]), 'created')
      for (const path of ['empty/none', 'empty/zero']) {
        assert.deepEqual(await t.store.head(path), { path, bytes: 0 })
        assert.equal((await t.store.get(path)).length, 0)
        assert.equal((await t.store.getRange(path, 0, 5)).length, 0)
        assert.equal((await t.witness.read(path)).length, 0)
      }
      assert.deepEqual(await paths(t.store, 'empty/'), ['empty/none', 'empty/zero'])
    })

    test('20 MB in chunks of odd sizes arrive as they were sent', async () => {
      const content = randomBytes(20_000_003)
      const chunks: Uint8Array[] = []
      for (let at = 0, size = 1; at < content.length; at += size, size = size * 3 + 1) {
        chunks.push(new Uint8Array(content.subarray(at, at + size)), new Uint8Array(0))
      }
      assert.equal(await t.store.createIfAbsent('large', chunks), 'created')
      assert.equal(sha256(await t.witness.read('large')), sha256(content))
      assert.equal(sha256(await t.rival.get('large')), sha256(content))
      assert.ok(
        (await t.rival.getRange('large', 10_000_000, 10_000_010)).equals(content.subarray(10_000_000, 10_000_010)),
      )
      assert.equal(await t.rival.createIfAbsent('large', [...chunks].reverse()), 'exists')
      assert.equal(sha256(await t.rival.get('large')), sha256(content))
    })

    test('odd characters in paths mean themselves', async () => {
      for (const path of oddPaths)
        assert.equal(await t.store.createIfAbsent(path, [Buffer.from(path)]), 'created', path)
      for (const path of oddPaths) {
        assert.equal((await t.witness.read(path)).toString(), path)
        assert.equal((await t.store.get(path)).toString(), path)
        assert.equal((await t.store.head(path))?.path, path)
        assert.deepEqual(await paths(t.store, path), [path])
      }
      assert.deepEqual(await paths(t.store, 'odd/'), inByteOrder(oddPaths))
      for (const path of oddPaths) await t.store.delete(path)
      assert.deepEqual(await paths(t.store, 'odd/'), [])
    })

    test('listings follow the bytes of whole paths, folder borders or not', async () => {
      const created = [
        'order/a/b',
        'order/a+b',
        'order/a-b',
        'order/a.b/c',
        'order/a0',
        'order/a/b+c',
        'order/a/b-/d',
        'order/A',
        'order/é',
        'order/z',
        'order/\u{ffee}', // Before 🎈 in UTF-8, behind it in UTF-16.
        'order/🎈',
      ]
      for (const path of created) await t.store.createIfAbsent(path, [Buffer.from(path)])
      const sorted = inByteOrder(created)
      assert.deepEqual(await paths(t.store, 'order/'), sorted)
      for (const startAfter of [
        ...sorted,
        'order/',
        'order/a',
        'order/a/',
        'order/a/zzz',
        'a',
        'order/a/b/c',
        'zz',
        '',
      ]) {
        const expected = sorted.filter((path) => Buffer.compare(Buffer.from(path), Buffer.from(startAfter)) > 0)
        assert.deepEqual(await paths(t.store, 'order/', { startAfter }), expected, `after ${startAfter}`)
        assert.deepEqual(await paths(t.store, 'order/', { startAfter, limit: 2 }), expected.slice(0, 2))
      }
      for (const prefix of ['order/a', 'order/a/', 'order/a/b', 'order/a.', 'ord', 'order/nothing', 'order/a/b/']) {
        assert.deepEqual(
          await paths(t.store, prefix),
          sorted.filter((path) => path.startsWith(prefix)),
          prefix,
        )
      }
      assert.deepEqual(await paths(t.store, 'order/', { limit: 0 }), [])
    })

    test('any listing of any tree is complete, from wherever and in whatever portions', async () => {
      const name = fc.constantFrom('a', 'b', 'a-', 'a+', 'a.b', 'c', 'b0')
      const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join('/'))
      const query = fc.record({
        prefix: fc.option(path),
        startAfter: fc.option(path),
        limit: fc.integer({ min: 1, max: 9 }),
      })
      let tree = 0
      const property = fc.asyncProperty(
        fc.array(path, { minLength: 5, maxLength: 30 }),
        fc.array(query, { minLength: 10, maxLength: 10 }),
        async (drawn, queries) => {
          const root = `tree/${tree}/`
          tree += 1
          // A path is either a folder or an object.
          const created = [...new Set(drawn)]
            .filter((a) => !drawn.some((b) => b.startsWith(`${a}/`)))
            .map((a) => root + a)
          await Promise.all(created.map((a) => t.store.createIfAbsent(a, [])))
          for (const { prefix, startAfter, limit } of queries) {
            const wanted = inByteOrder(created).filter(
              (a) =>
                a.startsWith(root + (prefix ?? '')) &&
                (startAfter === null || Buffer.compare(Buffer.from(a), Buffer.from(root + startAfter)) > 0),
            )
            const options = startAfter === null ? {} : { startAfter: root + startAfter }
            assert.deepEqual(await paths(t.store, root + (prefix ?? ''), options), wanted)
            assert.deepEqual(await paths(t.store, root + (prefix ?? ''), { ...options, limit }), wanted.slice(0, limit))
          }
        },
      )
      // Trees of one store share it, so there is nothing to shrink to that was not seen.
      await fc.assert(property, { numRuns: 12, endOnFailure: true })
    })

    test('1,500 objects are listed each once, in order, with their sizes, whole or piece by piece', async () => {
      const created = Array.from({ length: 1500 }, (_, i) => ({ path: `many/${i % 7}/${i}`, bytes: i % 10 }))
      const queue = [...created]
      const writer = async (): Promise<void> => {
        for (let next = queue.pop(); next; next = queue.pop()) {
          await t.store.createIfAbsent(next.path, [Buffer.alloc(next.bytes)])
        }
      }
      await Promise.all(Array.from({ length: 16 }, writer))
      const expected = created.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
      assert.deepEqual(await Array.fromAsync(t.store.list('many/')), expected)
      assert.deepEqual(await Array.fromAsync(t.store.list('many/', { limit: 1200 })), expected.slice(0, 1200))
      const pieces: ObjectInfo[] = []
      for (let last = ''; ; last = pieces.at(-1)!.path) {
        const piece = await Array.fromAsync(t.store.list('many/', { startAfter: last, limit: 400 }))
        if (piece.length === 0) break
        pieces.push(...piece)
      }
      assert.deepEqual(pieces, expected)
    })

    test('folders are those that objects are in, each once, in order, however many and however deep', async () => {
      const names = Array.from({ length: 1_100 }, (_, i) => (i % 3 === 0 ? `f${i}` : i % 3 === 1 ? `f${i}-` : `f+${i}`))
      const queue = [...names]
      const writer = async (): Promise<void> => {
        for (let next = queue.pop(); next; next = queue.pop()) {
          await t.store.createIfAbsent(`shelf/${next}/deep/er`, [])
          if (next.length === 2)
            for (const more of ['a', 'b/c']) await t.store.createIfAbsent(`shelf/${next}/${more}`, [])
        }
      }
      await Promise.all(Array.from({ length: 16 }, writer))
      await t.store.createIfAbsent('shelf/no-folder', [])
      await t.store.createIfAbsent('shelf/gone/x', [])
      await t.store.delete('shelf/gone/x')
      assert.deepEqual(await t.store.folders('shelf/'), inByteOrder(names))
      assert.deepEqual(await t.store.folders('shelf/f0/'), ['b', 'deep'])
      assert.deepEqual(await t.store.folders('shelf/f0/deep/'), [])
      assert.deepEqual(await t.store.folders('she/'), [])
      await assert.rejects(t.store.folders('she'), InvalidInputError)
      const all = new Set(
        (await paths(t.store, '')).filter((path) => path.includes('/')).map((path) => path.split('/')[0]!),
      )
      assert.deepEqual(await t.store.folders(''), inByteOrder([...all]))
      await assert.rejects(t.store.folders('../'), InvalidInputError)
    })

    test('the empty prefix lists everything and nothing that is no object', async () => {
      const all = await paths(t.store, '')
      assert.deepEqual(all, inByteOrder(all))
      assert.ok(all.includes('read/one.json') && all.includes('large'))
      for (const path of all.filter((_, i) => i % 100 === 0)) assert.notEqual(await t.store.head(path), null)
      assert.deepEqual(
        all.filter((path) => path.startsWith('.')),
        [],
      )
    })

    test('a path that could leave the root, or that stores would read differently, is refused', async () => {
      const hostile = [
        '',
        '/etc/passwd',
        '../x',
        'a/../../x',
        'a/./b',
        'a//b',
        'a/',
        '..',
        'a\0b',
        'a\nb',
        'a\\b',
        '\ud800',
      ]
      for (const path of [...hostile, 'x'.repeat(256), 'x/'.repeat(600)]) {
        const refused = (error: unknown): boolean =>
          error instanceof InvalidInputError && error.code === 'object-path-invalid' && error.remedy !== ''
        await assert.rejects(async () => t.store.get(path), refused, path)
        await assert.rejects(async () => t.store.getRange(path, 0, 0), refused, path)
        await assert.rejects(async () => t.store.head(path), refused, path)
        await assert.rejects(async () => t.store.delete(path), refused, path)
        await assert.rejects(async () => t.store.createIfAbsent(path, [Buffer.from('x')]), refused, path)
      }
      for (const prefix of ['../', '/', 'a/../', 'a//', 'a\0']) {
        await assert.rejects(paths(t.store, prefix), InvalidInputError, prefix)
      }
    })

    test('the url names the place and no credentials', () => {
      assert.match(t.store.url, /^(file:\/\/\/|s3:\/\/)[^@?]+$/)
    })
  })
}

async function paths(store: ObjectStore, prefix: string, options?: ListOptions): Promise<string[]> {
  return Array.fromAsync(store.list(prefix, options), (info) => info.path)
}

function inByteOrder(list: readonly string[]): string[] {
  return list.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
