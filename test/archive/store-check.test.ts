import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { openFileStore } from '../../src/adapters/file/store.ts'
import { openS3Store } from '../../src/adapters/s3/store.ts'
import { raceCreateIfAbsent } from '../../src/archive/store-check.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { sharedMinio } from '../kit/minio.ts'
import { freshBucket } from '../kit/s3-server.ts'
import { sharedVersitygw } from '../kit/versitygw.ts'

async function onFolder(use: (store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-check-'))
  try {
    await use(await openFileStore(pathToFileURL(folder).href))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A store that breaks its promise in `createIfAbsent`. */
function broken(store: ObjectStore, createIfAbsent: ObjectStore['createIfAbsent']): ObjectStore {
  return {
    url: store.url,
    get: (path) => store.get(path),
    getRange: (path, start, end) => store.getRange(path, start, end),
    head: (path) => store.head(path),
    list: (prefix, options) => store.list(prefix, options),
    folders: (folder) => store.folders(folder),
    createIfAbsent,
    delete: (path) => store.delete(path),
    close: () => store.close(),
  }
}

describe('the race of a store check', () => {
  test('passes on a folder, MinIO and versitygw, and leaves nothing behind', async () => {
    const check = async (store: ObjectStore): Promise<void> => {
      const result = await raceCreateIfAbsent(store)
      assert.deepEqual({ outcome: result.outcome, remedy: result.remedy }, { outcome: 'ok', remedy: null })
      assert.deepEqual(await Array.fromAsync(store.list('')), [])
      await store.close()
    }
    await onFolder(check)
    for (const access of [await sharedMinio(), await sharedVersitygw()]) {
      await check(openS3Store(`s3://${await freshBucket(access)}`, access))
    }
  })

  test('fails on a store that tells several writers that they created the object', async () => {
    await onFolder(async (store) => {
      const overwriting = broken(store, async (path, chunks) => {
        await store.delete(path)
        await store.createIfAbsent(path, chunks)
        return 'created'
      })
      const result = await raceCreateIfAbsent(overwriting)
      assert.equal(result.outcome, 'failure')
      assert.match(result.message, /20 were told that they created it/)
      assert.match(result.remedy ?? '', /If-None-Match/)
    })
  })

  test('fails on a store that names one winner and keeps the content of another, or a mixture', async () => {
    await onFolder(async (store) => {
      let writers = 0
      const lastWins = (content: (own: readonly Uint8Array[]) => readonly Uint8Array[]): ObjectStore =>
        broken(store, async (path, chunks) => {
          writers += 1
          if (writers === 2) await store.createIfAbsent(path, content(chunks))
          return writers === 1 ? 'created' : 'exists'
        })
      const other = await raceCreateIfAbsent(lastWins((own) => own))
      assert.equal(other.outcome, 'failure')
      assert.match(other.message, /writer 0 won, but its content is that of writer 1/)
      writers = 0
      const mixture = await raceCreateIfAbsent(lastWins((own) => [...own, Buffer.from('and more')]))
      assert.match(mixture.message, /nobody's/)
    })
  })
})
