import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createColdstream, isProblem, ProblemError, UnreachableError } from '../../src/client/index.ts'

interface Asked {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: unknown
}

type Answer = (response: ServerResponse, asked: Asked) => void

const json = (body: unknown, status = 200, type = 'application/json'): Answer => {
  return (response) => response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
}

describe('the client', () => {
  let server: Server
  let url: string
  let asked: Asked[] = []
  let answer: Answer

  before(async () => {
    server = createServer(async (request, response) => {
      const body = await text(request)
      const { method = '', url: path = '', headers } = request
      asked.push({ method, url: path, headers, body: body === '' ? undefined : JSON.parse(body) })
      answer(response, asked.at(-1)!)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    asked = []
    answer = json({})
  })

  it('waits for a query that takes long, and brings all pages of its rows', async () => {
    const { queries } = createColdstream({ url })
    const known = { id: 'q', truncated: false, statistics: { rows: 3, files: 1, bytes: 9, elapsedMs: 1 } }
    const columns = [{ name: 'n', type: 'BIGINT' }]
    answer = (response, { method, url: path }) => {
      if (method === 'POST') return json({ ...known, state: 'running' })(response, asked[0]!)
      if (!path.includes('/results')) return json({ ...known, state: 'completed' })(response, asked[0]!)
      const isFirst = path.includes('after=0')
      const rows = isFirst ? [{ n: 1 }, { n: 2 }] : [{ n: 3 }]
      return json({ columns, rows, next: isFirst ? 2 : null })(response, asked[0]!)
    }
    const { rows, columns: named } = await queries.run({ sql: 'SELECT n' }, { engine: 'duckdb' })
    assert.deepEqual([rows, named], [[{ n: 1 }, { n: 2 }, { n: 3 }], columns])
    assert.deepEqual(
      asked.map(({ url: path }) => path),
      [
        '/v1/queries',
        '/v1/queries/q?wait=30',
        '/v1/queries/q/results?after=0&limit=10000',
        '/v1/queries/q/results?after=2&limit=10000',
      ],
    )
  })

  it('asks each route as it is', async () => {
    const { replays, selections, topics, queries } = createColdstream({ url: `${url}/` })
    const request = { source: { topic: 'orders' }, target: { topic: 'copy' } }
    answer = (response, { method }) =>
      json(method === 'DELETE' ? null : { topics: [], selections: [], rows: [], next: null })(response, asked[0]!)
    await replays.create(request)
    await replays.dryRun(request)
    await replays.get('a/b c')
    await replays.list()
    await replays.list({ state: 'running', source: 'orders', limit: 2, after: 4 })
    await replays.pause('r')
    await replays.resume('r')
    await replays.cancel('r')
    await replays.changeRate('r', { recordsPerSecond: 10 })
    await replays.changeRate('r', null)
    await replays.handover('r')
    await replays.commitHandover('r', 'group')
    await selections.list()
    await selections.get('s')
    await selections.save('s', { topic: 'orders' })
    await selections.delete('s')
    await topics.list()
    await topics.get('orders')
    await queries.run({ sql: 'SELECT $a' }, { parameters: { a: 1 }, limit: 5 })
    assert.deepEqual(
      asked.map(({ method, url: path, body }) => [method, path, ...(body === undefined ? [] : [body])]),
      [
        ['POST', '/v1/replays', request],
        ['POST', '/v1/replays', { ...request, dryRun: true }],
        ['GET', '/v1/replays/a%2Fb%20c'],
        ['GET', '/v1/replays'],
        ['GET', '/v1/replays?state=running&source=orders&limit=2&after=4'],
        ['POST', '/v1/replays/r/pause'],
        ['POST', '/v1/replays/r/resume'],
        ['POST', '/v1/replays/r/cancel'],
        ['PUT', '/v1/replays/r/rate', { recordsPerSecond: 10 }],
        ['PUT', '/v1/replays/r/rate', null],
        ['GET', '/v1/replays/r/handover'],
        ['POST', '/v1/replays/r/handover', { groupId: 'group' }],
        ['GET', '/v1/selections'],
        ['GET', '/v1/selections/s'],
        ['PUT', '/v1/selections/s', { topic: 'orders' }],
        ['DELETE', '/v1/selections/s'],
        ['GET', '/v1/topics'],
        ['GET', '/v1/topics/orders'],
        ['POST', '/v1/queries', { sql: 'SELECT $a', parameters: { a: 1 }, limit: 5 }],
      ],
    )
    const withoutBody = asked.filter(({ body }) => body === undefined)
    assert.ok(withoutBody.every(({ headers }) => headers['content-type'] === undefined))
  })

  it('shows its key, and gives a request a key of its own', async () => {
    const { replays } = createColdstream({ url, apiKey: 'secret' })
    await replays.create({ source: { topic: 'a' }, target: { topic: 'b' } }, { idempotencyKey: 'once' })
    assert.equal(asked[0]!.headers.authorization, 'Bearer secret')
    assert.equal(asked[0]!.headers['idempotency-key'], 'once')
  })

  it('throws what the service refuses, with its code and remedy', async () => {
    const problem = { status: 404, code: 'replay-not-found', detail: 'there is none', remedy: 'List them.' }
    answer = json(problem, 404, 'application/problem+json')
    await assert.rejects(createColdstream({ url }).replays.get('x'), (error: unknown) => {
      assert.ok(error instanceof ProblemError && isProblem(error, 'replay-not-found'))
      assert.deepEqual([error.status, error.message, error.remedy], [404, 'there is none', 'List them.'])
      return true
    })
  })

  it('tells a service that is away, or is another one', async () => {
    await assert.rejects(createColdstream({ url: 'http://127.0.0.1:2' }).topics.list(), (error: unknown) => {
      assert.ok(error instanceof UnreachableError)
      assert.match(error.message, /127\.0\.0\.1:2: .*ECONNREFUSED/)
      return true
    })
    answer = (response) => response.writeHead(502).end('<h1>Bad gateway</h1>')
    await assert.rejects(createColdstream({ url }).topics.list(), /answered 502.*Bad gateway/)
    answer = (response) => response.writeHead(200).end('<h1>Hello</h1>')
    await assert.rejects(createColdstream({ url }).topics.list(), UnreachableError)
  })

  it('stops waiting when its signal aborts', async () => {
    const stop = new AbortController()
    answer = () => stop.abort(new Error('enough'))
    await assert.rejects(createColdstream({ url }).topics.list({ signal: stop.signal }), /enough/)
  })

  const events = (...states: string[]): string =>
    states.map((state) => `event: status\nid: 1\ndata: ${JSON.stringify({ id: 'r', state })}\n\n`).join('')

  it('follows events up to the final one, however they are cut', async () => {
    const stream = `retry: 10\n\n: nothing\r\n\r\n${events('running').replaceAll('\n', '\r\n')}event: other\ndata: 1\n\n${events('running', 'completed')}`
    answer = async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const byte of stream) {
        response.write(byte)
        await new Promise(setImmediate)
      }
    }
    const states: string[] = []
    for await (const { state } of createColdstream({ url }).replays.events('r')) states.push(state)
    assert.deepEqual(states, ['running', 'running', 'completed'])
    assert.equal(asked[0]!.headers.accept, 'text/event-stream')
  })

  it('tells when events break off before the end', async () => {
    answer = (response) => response.writeHead(200).end(events('running'))
    await assert.rejects(Array.fromAsync(createColdstream({ url }).replays.events('r')), UnreachableError)
    answer = (response) => {
      response.writeHead(200)
      response.write(events('running'), () => response.destroy())
    }
    await assert.rejects(Array.fromAsync(createColdstream({ url }).replays.events('r')), UnreachableError)
  })

  it('waits for a replay’s end, also while the service restarts', async () => {
    const answers = [
      json({ state: 'running' }),
      json({ status: 503, code: 'broker-unreachable', detail: 'away' }, 503, 'application/problem+json'),
      (response: ServerResponse) => void response.destroy(),
      json({ state: 'failed' }),
    ]
    answer = (response, request) => answers.shift()!(response, request)
    assert.equal((await createColdstream({ url }).replays.finished('r')).state, 'failed')
    answer = json({ status: 404, code: 'replay-not-found', detail: 'none' }, 404, 'application/problem+json')
    await assert.rejects(createColdstream({ url }).replays.finished('r'), (error) =>
      isProblem(error, 'replay-not-found'),
    )
  })
})
