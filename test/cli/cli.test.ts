import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readCommitted } from '../adapters/kafka/judge.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { createOrders } from '../kit/services.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let brokers: string[]
let folder: string
let topic: string
let connector: string

before(async () => {
  brokers = await sharedKafka()
  folder = await mkdtemp(join(tmpdir(), 'coldstream-cli-'))
  topic = await createOrders(brokers, 100)
  connector = join(folder, 'connector.json')
  await writeFile(connector, JSON.stringify({ name: topic, config: { topics: topic, 'flush.size': '30' } }))
  const captured = await coldstream(['capture', connector, '--until-end'])
  assert.equal(captured.code, 0, captured.stderr)
})
after(() => rm(folder, { recursive: true }))

interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** Runs the command as a user does, in a process of its own. */
function coldstream(args: string[], environment: Record<string, string> = {}, stdin?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const env = {
      ...process.env,
      COLDSTREAM_KAFKA_BROKERS: brokers.join(','),
      COLDSTREAM_STORE: join(folder, 'archive'),
      ...environment,
    }
    const child = execFile(
      process.execPath,
      [main, ...args],
      { cwd: folder, env, timeout: 60_000 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
    )
    child.stdin?.end(stdin)
  })
}

describe('coldstream', () => {
  it('captures, lists and certifies a topic', async () => {
    const { stdout } = await coldstream(['topics'])
    assert.match(stdout, new RegExp(`${topic} +2 +\\d+ +100 `))
    const segments = JSON.parse((await coldstream(['segments', topic, '--json'])).stdout)
    assert.equal(
      segments.reduce((sum: number, { records }: { records: number }) => sum + records, 0),
      100,
    )
    const verified = await coldstream(['verify', topic])
    assert.equal(verified.code, 0)
    assert.match(verified.stdout, /every offset is one row or one explained gap/)
  })

  it('answers SQL as a table, as JSON and as CSV, also from standard input', async () => {
    const sql = `SELECT json_extract_scalar(from_utf8(record_value), '$.status') AS status, count(*) AS events FROM "${topic}" GROUP BY 1 ORDER BY 1`
    assert.match((await coldstream(['query', sql])).stdout, /^status +events\npaid +66\nplaced +34\n$/)
    assert.deepEqual(JSON.parse((await coldstream(['query', sql, '--format', 'json'])).stdout), [
      { status: 'paid', events: 66 },
      { status: 'placed', events: 34 },
    ])
    assert.equal(
      (await coldstream(['query', '-', '--format', 'csv'], {}, sql)).stdout,
      'status,events\r\npaid,66\r\nplaced,34\r\n',
    )
  })

  it('runs a template with parameters', async () => {
    const { stdout, code } = await coldstream([
      'query',
      '--template',
      'top-keys',
      '--param',
      `topic=${topic}`,
      '--json',
    ])
    assert.equal(code, 0)
    assert.equal(JSON.parse(stdout).length, 10)
    assert.match((await coldstream(['templates'])).stdout, /top-keys/)
  })

  it('replays a window into a fresh topic, and the same id again has nothing left to do', async () => {
    const target = `cli-${randomUUID().slice(0, 8)}`
    const args = [
      'replay',
      topic,
      '--to',
      target,
      '--id',
      target,
      '--from',
      '2025-01-14T09:30:00Z',
      '--until',
      '2025-01-14T10:00:00Z',
      '--wait',
    ]
    const dry = await coldstream([...args, '--dry-run'])
    assert.equal(dry.code, 0, dry.stderr)
    assert.match(dry.stdout, /nothing stands against it/)
    for (let round = 0; round < 2; round++) {
      const { code, stdout, stderr } = await coldstream(args)
      assert.equal(code, 0, stderr)
      assert.match(stdout, /completed: 30 records/)
      assert.equal((await readCommitted(brokers, target)).length, 30)
    }
    const other = await coldstream([...args.slice(0, 6), '--from', '2025-01-14T09:00:00Z'])
    assertError(other, 1, /the id .* is that of another replay/)
  })

  it('keeps selections by name', async () => {
    const source = { topic, partitions: [0] }
    assert.match((await coldstream(['selections'])).stderr, /No selection is saved/)
    const saved = await coldstream(['selections', 'even', '--save', JSON.stringify(source)])
    assert.deepEqual(JSON.parse(saved.stdout), source)
    assert.equal((await coldstream(['selections', 'even'])).stdout, saved.stdout)
    assert.match((await coldstream(['selections'])).stdout, /^name +saved +source\neven +2\S+Z +\{"topic":/)
    assert.equal((await coldstream(['selections', 'even', '--delete'])).code, 0)
    assert.deepEqual(JSON.parse((await coldstream(['selections', '--json'])).stdout), [])
    assert.equal((await coldstream(['selections', 'even'])).code, 1)
    for (const wrong of [['--delete'], ['even', '--save', '{'], ['even', '--save', '{"topic":1}']]) {
      assert.equal((await coldstream(['selections', ...wrong])).code, 2, wrong.join(' '))
    }
  })

  it('says for everything outside whether it will do', async () => {
    const { code, stdout } = await coldstream(['doctor', connector])
    assert.equal(code, 0, stdout)
    for (const check of ['store', 'broker', `topic ${topic}`, `group connect-${topic}`])
      assert.match(stdout, new RegExp(`^ok +${check}`, 'm'))
  })

  it('explains itself, command by command', async () => {
    for (const command of [
      'serve',
      'capture',
      'topics',
      'segments',
      'verify',
      'query',
      'templates',
      'selections',
      'replay',
      'doctor',
    ]) {
      const { code, stdout } = await coldstream([command, '--help'])
      assert.equal(code, 0)
      assert.match(stdout, new RegExp(`^Usage: coldstream ${command}`))
    }
  })
})

/** One message, with what to do; exit code 1 for what failed, 2 for what was asked wrongly. */
function assertError({ code, stderr }: Ended, expected: 1 | 2, message: RegExp): void {
  assert.equal(code, expected, stderr)
  assert.match(stderr, message)
  assert.match(stderr, /what to do: \S/)
  assert.doesNotMatch(stderr, /\n {4}at /, 'no stack trace')
}

describe('wrong input is answered with what is wrong and what to do', () => {
  it('a connector with several faults', async () => {
    const file = join(folder, 'bad.json')
    await writeFile(file, JSON.stringify({ name: 'bad', 'flush.size': 'ten', 'format.class': 'x.JsonFormat' }))
    const ended = await coldstream(['capture', file])
    assertError(ended, 2, /bad\.json cannot be used/)
    for (const property of ['topics:', 'flush.size:', 'format.class:']) assert.ok(ended.stderr.includes(property))
  })

  it('a connector that is not JSON, and one that is not there', async () => {
    const file = join(folder, 'broken.json')
    await writeFile(file, '{')
    assertError(await coldstream(['capture', file]), 2, /broken\.json is not JSON/)
    assertError(await coldstream(['capture', 'missing.json']), 1, /missing\.json cannot be read/)
  })

  it('a topic that the broker does not have, and one that is not archived', async () => {
    const file = join(folder, 'nowhere.json')
    await writeFile(file, JSON.stringify({ name: 'nowhere', topics: 'nowhere' }))
    assertError(await coldstream(['capture', file, '--until-end']), 1, /has no topic nowhere/)
    for (const args of [
      ['segments', 'nowhere'],
      ['verify', 'nowhere'],
      ['replay', 'nowhere', '--to', 'x'],
    ]) {
      assertError(await coldstream(args), 1, /nowhere/)
    }
  })

  it('a target that holds records', async () => {
    const target = await createOrders(brokers, 1)
    assertError(await coldstream(['replay', topic, '--to', target]), 1, /not empty|holds records/)
  })

  it('SQL that does not parse, and SQL that would change something', async () => {
    assertError(await coldstream(['query', 'SELECT FROM WHERE']), 2, /syntax error/)
    assertError(await coldstream(['query', 'CREATE TABLE t (a INT)']), 2, /SELECT/)
    assertError(await coldstream(['query', 'SELECT * FROM nowhere']), 2, /nowhere/)
    assertError(await coldstream(['query']), 2, /either a statement or a template/)
  })

  it('a broker that cannot be reached', async () => {
    const away = { COLDSTREAM_KAFKA_BROKERS: '127.0.0.1:1' }
    assertError(await coldstream(['capture', connector, '--until-end'], away), 1, /127\.0\.0\.1:1/)
    const doctor = await coldstream(['doctor'], away)
    assert.equal(doctor.code, 1)
    assert.match(doctor.stdout, /^FAILURE +broker: .*127\.0\.0\.1:1[\s\S]*what to do: /m)
  })

  it('a store that cannot be reached', async () => {
    const away = {
      COLDSTREAM_STORE: 's3://somewhere/archive',
      COLDSTREAM_S3_ENDPOINT: 'http://127.0.0.1:1',
      COLDSTREAM_S3_ACCESS_KEY_ID: 'some-id',
      COLDSTREAM_S3_SECRET_ACCESS_KEY: 'some-secret',
    }
    const ended = await coldstream(['topics'], away)
    assertError(ended, 1, /s3:\/\/somewhere\/archive/)
    assert.ok(!ended.stderr.includes('some-secret'))
  })

  it('a configuration with several faults', async () => {
    const file = join(folder, 'coldstream-bad.yaml')
    await writeFile(file, 'kafka:\n  brokers: nowhere\nhttp:\n  port: many\nstorr: {}\n')
    const ended = await coldstream(['topics', '--config', file])
    assertError(ended, 2, /3 problems/)
    for (const place of ['kafka.brokers', 'http.port', 'storr']) assert.ok(ended.stderr.includes(place), ended.stderr)
  })

  it('a damaged segment', async () => {
    const archive = await mkdtemp(join(tmpdir(), 'coldstream-damaged-'))
    const environment = { COLDSTREAM_STORE: archive }
    try {
      await coldstream(['capture', connector, '--until-end'], environment)
      const [segment] = JSON.parse((await coldstream(['segments', topic, '--json'], environment)).stdout)
      const bytes = await readFile(join(archive, segment.path))
      bytes[100]! ^= 1
      await writeFile(join(archive, segment.path), bytes)
      const verified = await coldstream(['verify', topic], environment)
      assert.equal(verified.code, 1)
      assert.ok(verified.stdout.includes(segment.path))
      const replayed = await coldstream(['replay', topic, '--to', `damaged-${randomUUID().slice(0, 8)}`], environment)
      assertError(replayed, 1, new RegExp(segment.path.replaceAll('+', '\\+')))
    } finally {
      await rm(archive, { recursive: true })
    }
  })

  it('an unknown command or option', async () => {
    assert.equal((await coldstream(['archive'])).code, 2)
    assert.equal((await coldstream(['topics', '--loud'])).code, 2)
    assert.equal((await coldstream(['replay', topic])).code, 2)
  })

  it('for scripts as JSON', async () => {
    const { code, stderr } = await coldstream(['segments', 'nowhere', '--json'])
    assert.equal(code, 1)
    assert.equal(JSON.parse(stderr).error.code, 'topic-not-archived')
  })
})
