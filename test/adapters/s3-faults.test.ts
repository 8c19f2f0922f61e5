import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs'
import type { S3Options } from '../../src/adapters/s3/options.ts'
import { openS3Store } from '../../src/adapters/s3/store.ts'
import { ColdstreamError } from '../../src/errors.ts'
import { type CuttingProxy, startCuttingProxy } from '../kit/cutting-proxy.ts'
import { sharedMinio } from '../kit/minio.ts'
import { freshBucket, type S3Access } from '../kit/s3-server.ts'
import { sharedVersitygw } from '../kit/versitygw.ts'

const is = (code: string) => (error: unknown) =>
  error instanceof ColdstreamError && error.code === code && error.remedy.length > 20

const servers: readonly [string, () => Promise<S3Access>][] = [
  ['MinIO', sharedMinio],
  ['versitygw', sharedVersitygw],
]
for (const [name, shared] of servers) {
  describe(`S3Store on ${name}, when answers get lost:`, () => {
    let proxy: CuttingProxy
    let access: S3Access
    let bucket: string
    const open = (): ReturnType<typeof openS3Store> =>
      openS3Store(`s3://${bucket}/x`, { ...access, endpoint: `http://127.0.0.1:${proxy.port}` })

    before(async () => {
      access = await shared()
      bucket = await freshBucket(access)
      proxy = await startCuttingProxy(Number(new URL(access.endpoint).port))
    })
    after(() => proxy.close())

    for (const bytes of [100, 5_000_000]) {
      test(`a create of ${bytes} bytes whose answer was lost ends as 'exists', with our content there`, async () => {
        const store = open()
        const half = randomBytes(bytes / 2)
        proxy.cutAnswers('PUT', 1)
        assert.equal(await store.createIfAbsent(`lost-${bytes}`, [half, half]), 'exists')
        assert.equal(proxy.cuts, 1)
        assert.ok((await store.get(`lost-${bytes}`)).equals(Buffer.concat([half, half])))
        await store.close()
      })
    }

    test('reads, sizes and listings are asked again', async () => {
      const store = open()
      await store.createIfAbsent('read', [Buffer.from('0123456789')])
      proxy.cutAnswers('GET', 2)
      assert.equal((await store.getRange('read', 2, 4)).toString(), '23')
      assert.equal(proxy.cuts, 2)
      proxy.cutAnswers('HEAD', 1)
      assert.equal((await store.head('read'))?.bytes, 10)
      proxy.cutAnswers('GET', 1)
      assert.deepEqual(await Array.fromAsync(store.list('read')), [{ path: 'read', bytes: 10 }])
      proxy.cutAnswers('DELETE', 1)
      await store.delete('read')
      assert.equal(proxy.cuts, 1)
      assert.equal(await store.head('read'), null)
      await store.close()
    })

    test('a store that never answers is told as unreachable', async () => {
      const store = openS3Store(`s3://${bucket}`, {
        ...access,
        endpoint: `http://127.0.0.1:${proxy.port}`,
        maxAttempts: 2,
      })
      proxy.cutAnswers('GET', 100)
      await assert.rejects(store.get('x'), is('store-unreachable'))
      assert.equal(proxy.cuts, 2)
      proxy.cutAnswers('GET', 0)
      await store.close()
    })
  })

  describe(`S3Store on ${name}, when it is refused:`, () => {
    const codes = async (url: string, options: S3Options): Promise<unknown[]> => {
      const store = openS3Store(url, { maxAttempts: 1, ...options })
      const told = await Promise.all([
        store.get('x').catch((error: unknown) => error),
        store.createIfAbsent('x', [Buffer.from('x')]).catch((error: unknown) => error),
        Array.fromAsync(store.list('')).catch((error: unknown) => error),
      ])
      await store.close()
      for (const error of told) {
        assert.ok(error instanceof ColdstreamError, inspect(error))
        assert.ok(error.remedy.length > 20 && error.message.includes(url))
        // Whoever prints it, causes and all, prints no secret and no signature.
        const printed = inspect(error, { depth: 20, showHidden: true })
        assert.ok(!printed.includes(options.secretAccessKey ?? 'no secret'))
        assert.doesNotMatch(printed, /Signature=|StringToSign|authorization/i)
      }
      return told.map((error) => (error as ColdstreamError).code)
    }

    test('a bucket that is not there', async () => {
      assert.deepEqual(await codes('s3://no-such-bucket-here', await shared()), Array(3).fill('bucket-not-found'))
    })

    test('an unknown access key, and a wrong secret', async () => {
      const access = await shared()
      const url = `s3://${await freshBucket(access)}`
      const refused = Array(3).fill('store-credentials-refused')
      assert.deepEqual(await codes(url, { ...access, accessKeyId: 'nobodyknowsme' }), refused)
      assert.deepEqual(await codes(url, { ...access, secretAccessKey: 'wrongwrongwrong' }), refused)
    })
  })
}

/** An HTTP server that answers as told, where real stores cannot be made to. */
async function answering(listener: RequestListener): Promise<{ endpoint: string; close(): Promise<unknown> }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { endpoint: `http://127.0.0.1:${port}`, close: () => once(server.close(), 'close') }
}

describe('S3Store:', () => {
  test('a role that may only list is told that access is denied, and what to allow', async () => {
    const access = await sharedMinio()
    const bucket = await freshBucket(access)
    const Statement = [{ Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [`arn:aws:s3:::${bucket}`] }]
    const role = new AssumeRoleProvider({
      stsEndpoint: access.endpoint,
      accessKey: access.accessKeyId,
      secretKey: access.secretAccessKey,
      region: access.region,
      policy: JSON.stringify({ Version: '2012-10-17', Statement }),
    })
    const { accessKey, secretKey, sessionToken } = await role.getCredentials()
    const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey, sessionToken }
    const store = openS3Store(`s3://${bucket}`, { ...access, ...credentials, maxAttempts: 1 })
    assert.deepEqual(await Array.fromAsync(store.list('')), [])
    for (const refused of [() => store.createIfAbsent('x', []), () => store.get('x'), () => store.delete('x')]) {
      await assert.rejects(refused, (error) => is('store-access-denied')(error) && /s3:PutObject/.test(inspect(error)))
    }
    await store.close()
  })

  test('a port where nobody listens is told as unreachable, with the endpoint to check', async () => {
    const { endpoint, close } = await answering(() => undefined)
    await close()
    const options = { endpoint, accessKeyId: 'a', secretAccessKey: 'b', maxAttempts: 2 }
    const store = openS3Store('s3://bucket', options)
    await assert.rejects(store.createIfAbsent('x', []), is('store-unreachable'))
    await assert.rejects(store.head('x'), /ECONNREFUSED/)
    await store.close()
  })

  test('conflicts (409) and overload (503) are tried again, a refusal (400) is not', async () => {
    const answers = [409, 503, 500, 200]
    let asked = 0
    const server = await answering((request, response) => {
      asked += 1
      request.resume().on('end', () => {
        // The adapter looks whether its write arrived before it repeats it.
        response.writeHead(request.method === 'HEAD' ? 404 : answers.shift()!).end()
      })
    })
    const { endpoint } = server
    const store = openS3Store('s3://bucket', { endpoint, accessKeyId: 'a', secretAccessKey: 'b' })
    assert.equal(await store.createIfAbsent('x', [Buffer.from('1'), Buffer.from('2')]), 'created')
    assert.equal(asked, 7)
    answers.push(400)
    await assert.rejects(store.createIfAbsent('y', []), is('store-unavailable'))
    assert.equal(asked, 8)
    await store.close()
    await server.close()
  })

  test('a store that ignores ranges or the order of listings is refused as unfit', async () => {
    const server = await answering((request, response) => {
      const page =
        '<ListBucketResult><Contents><Key>b</Key><Size>1</Size></Contents><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>'
      response.end(request.url?.includes('list-type=2') ? page : 'the whole object')
    })
    const { endpoint } = server
    const store = openS3Store('s3://bucket', { endpoint, accessKeyId: 'a', secretAccessKey: 'b', maxAttempts: 1 })
    await assert.rejects(store.getRange('x', 4, 9), is('store-unsupported'))
    await assert.rejects(Array.fromAsync(store.list('')), is('store-unsupported'))
    await store.close()
    await server.close()
  })

  test('urls, endpoints and credentials that cannot be meant are refused before anything is asked', () => {
    for (const url of [
      's3://',
      's3:///prefix',
      's3://b',
      'http://bucket',
      's3://user:pw@bucket',
      's3://bucket/../x',
      's3://bucket//x',
    ]) {
      assert.throws(() => openS3Store(url), is('store-url-invalid'), url)
    }
    for (const endpoint of ['localhost:9000', 'ftp://host', 'https://user:hunter22@host']) {
      assert.throws(
        () => openS3Store('s3://bucket', { endpoint }),
        (error) => is('store-endpoint-invalid')(error) && !inspect(error).includes('hunter22'),
      )
    }
    assert.throws(() => openS3Store('s3://bucket', { accessKeyId: 'a' }), is('store-credentials-incomplete'))
    assert.equal(openS3Store('s3://bucket/a/b/').url, 's3://bucket/a/b')
  })
})
