import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { bearerToken } from '../../../src/adapters/kafka/bearer-token.ts'
import { startTokenEndpoint, type TokenEndpoint, tokenClient } from '../../kit/token-endpoint.ts'

const unavailable = { name: 'UnavailableError', code: 'bearer-token-unavailable' }

describe('a bearer token', () => {
  it('is what is configured', async () => {
    assert.equal(await bearerToken({ token: 'abc' })(), 'abc')
  })

  it('is read from its file each time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coldstream-token-'))
    const tokenFile = join(folder, 'token')
    const token = bearerToken({ tokenFile })
    await assert.rejects(token(), { ...unavailable, message: /ENOENT/, remedy: /tokenFile/ })
    await writeFile(tokenFile, 'first.token\n')
    assert.equal(await token(), 'first.token')
    await writeFile(tokenFile, 'second.token')
    assert.equal(await token(), 'second.token')
    await writeFile(tokenFile, 'no token\u0001auth=')
    await assert.rejects(
      token(),
      (error) => /holds no bearer token/.test(inspect(error)) && !/auth=/.test(inspect(error)),
    )
    await rm(folder, { recursive: true })
  })
})

describe('a bearer token from an endpoint', () => {
  let endpoint: TokenEndpoint
  let issued = 0
  let seconds = 3600
  before(async () => {
    endpoint = await startTokenEndpoint(() => {
      issued += 1
      return { token: `token-${issued}`, seconds }
    })
  })
  after(() => endpoint.close())

  it('is asked for with client credentials, and shared while it is fresh', async () => {
    const token = bearerToken({ tokenEndpointUrl: endpoint.url, ...tokenClient, scope: 'archive read' })
    assert.deepEqual(await Promise.all([token(), token(), token()]).then((all) => new Set(all).size), 1)
    assert.equal(await token(), 'token-1')
    const [asked] = endpoint.requests
    assert.deepEqual(Object.fromEntries(asked!), { grant_type: 'client_credentials', scope: 'archive read' })
  })

  it('is asked for again when it is stale', async () => {
    seconds = 0
    const token = bearerToken({ tokenEndpointUrl: endpoint.url, ...tokenClient })
    const first = await token()
    assert.notEqual(await token(), first)
  })

  it('that is refused names the endpoint and the reason, and no secret', async () => {
    const clientSecret = 'wrong-secret'
    const error: unknown = await bearerToken({ tokenEndpointUrl: endpoint.url, ...tokenClient, clientSecret })().catch(
      (reason: unknown) => reason,
    )
    assert.match(inspect(error), /bearer-token-unavailable/)
    assert.match(inspect(error), /HTTP 401, invalid_client/)
    assert.doesNotMatch(inspect(error, { depth: 9 }), /wrong-secret|echo/)
  })

  it('that nobody gives out names the endpoint', async () => {
    const token = bearerToken({ tokenEndpointUrl: 'http://127.0.0.1:1/token', ...tokenClient })
    await assert.rejects(token(), { ...unavailable, message: /127\.0\.0\.1:1\/token cannot be reached/ })
    // and a failure is not remembered
    await assert.rejects(token(), unavailable)
  })
})
