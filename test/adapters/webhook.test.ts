import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { Webhook } from '../../src/adapters/webhook.ts'
import { type AlertReceiver, alertReceiver } from '../kit/alert-receiver.ts'

const never = new AbortController().signal

describe('a webhook', () => {
  let receiver: AlertReceiver
  before(async () => {
    receiver = await alertReceiver()
  })
  after(() => receiver.close())

  const send = (body: string, secret: string | null = null, url = receiver.url): Promise<void> =>
    new Webhook({ url, secret, timeoutMs: 5_000 }).send(body, never)

  it('gets JSON, signed over its bytes when a secret is configured', async () => {
    const body = '{"text":"größer"}'
    await send(body)
    await send(body, 'key')
    const [plain, signed] = receiver.accepted
    assert.equal(plain?.body, body)
    assert.equal(plain?.headers['content-type'], 'application/json')
    assert.equal(plain?.headers['x-coldstream-signature'], undefined)
    const expected = createHmac('sha256', 'key').update(Buffer.from(body)).digest('hex')
    assert.equal(signed?.headers['x-coldstream-signature'], `sha256=${expected}`)
  })

  it('that is busy or broken is worth another attempt, one that refuses is not', async () => {
    for (const status of [500, 503, 429, 408, 0]) {
      receiver.answers.push(status)
      await assert.rejects(send('{}'), { name: 'UnavailableError', code: 'alert-undelivered' }, String(status))
    }
    for (const status of [400, 401, 404, 302]) {
      receiver.answers.push(status)
      await assert.rejects(send('{}'), { name: 'InvalidInputError', code: 'alert-refused' }, String(status))
    }
  })

  it('that says nothing is given up after the time limit, and no error tells its address', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
    const address = silent.address()
    assert.ok(address !== null && typeof address === 'object')
    const url = `http://127.0.0.1:${address.port}/secret-token`
    const waited: unknown = await new Webhook({ url, secret: 'key', timeoutMs: 100 })
      .send('{}', never)
      .catch((error: unknown) => error)
    assert.match(inspect(waited), /no answer within 100 ms/)
    const unreached: unknown = await send('{}', 'key', 'http://127.0.0.1:1/secret-token').catch(
      (error: unknown) => error,
    )
    assert.match(inspect(unreached), /alert-undelivered/)
    for (const error of [waited, unreached]) {
      assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /secret-token|127\.0\.0\.1/)
    }
    silent.close()
  })
})
