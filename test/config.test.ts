import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { configReference } from '../scripts/config-reference.ts'
import { factsOf, leavesOf } from '../src/config/property.ts'
import { configSchema } from '../src/config/schema.ts'
import { type Config, loadConfig } from '../src/config.ts'
import { InvalidInputError } from '../src/errors.ts'

const sha256 = createHash('sha256').update('key').digest('hex')
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coldstream-config-'))
})
after(() => rm(folder, { recursive: true }))

type Environment = Record<string, string>

/** Loads a file of this content from a folder that is not the working folder. */
async function load(yaml: string | null, environment: Environment = {}): Promise<Config> {
  const surroundings = { environment, workingFolder: '/work/folder' }
  if (yaml === null) return loadConfig(null, surroundings)
  const file = join(folder, 'given.yaml')
  await writeFile(file, yaml)
  return loadConfig(file, surroundings)
}

async function refusal(yaml: string | null, environment: Environment = {}): Promise<InvalidInputError> {
  const told = await load(yaml, environment).then(
    () => null,
    (error: unknown) => error,
  )
  assert.ok(told instanceof InvalidInputError, inspect(told))
  assert.notEqual(told.remedy, '')
  return told
}

async function problems(yaml: string | null, environment: Environment = {}): Promise<readonly string[]> {
  const error = await refusal(yaml, environment)
  assert.equal(error.code, 'config-invalid')
  const list = error.details.problems
  assert.ok(Array.isArray(list))
  for (const problem of list) assert.ok(error.message.includes(problem))
  return list
}

describe('configuration:', () => {
  test('without a file and variables the defaults stand', async () => {
    const config = await load(null)
    assert.deepEqual(config.kafka, { brokers: ['127.0.0.1:9092'], clientId: 'coldstream', produceCodec: 'zstd' })
    assert.deepEqual(config.store, { url: 'file:///work/folder/coldstream-archive', s3: {}, isConfigured: false })
    assert.deepEqual(config.http, { host: '127.0.0.1', port: 8080, apiKeys: [] })
    assert.equal(config.queries.folder, null)
    assert.equal(config.replay.upcasters.folder, null)
    assert.ok(config.replay.upcasters.threads >= 1)
    assert.equal(config.log.level, 'info')
    assert.ok(config.query.threads >= 1)
    assert.match(config.query.cacheFolder, /^\/.*\/coldstream$/)
  })

  test('coldstream.yaml of the working folder is read, and an empty one changes nothing', async () => {
    await writeFile(join(folder, 'coldstream.yaml'), 'log: { level: warn }')
    const surroundings = { environment: {}, workingFolder: folder }
    assert.equal((await loadConfig(null, surroundings)).log.level, 'warn')
    for (const empty of ['', '# nothing', 'kafka:\nhttp:\n']) {
      await writeFile(join(folder, 'coldstream.yaml'), empty)
      assert.equal((await loadConfig(null, surroundings)).log.level, 'info')
    }
  })

  test('environment goes over the file, the file over the default; empty variables count as not set', async () => {
    const yaml = 'kafka: { brokers: ["a:1", "[::1]:2"], clientId: filed }\nhttp: { port: 81 }'
    const config = await load(yaml, {
      COLDSTREAM_KAFKA_BROKERS: 'b:1, c:2',
      COLDSTREAM_HTTP_PORT: '',
      COLDSTREAM_S3_FORCE_PATH_STYLE: 'true',
    })
    assert.deepEqual(config.kafka.brokers, ['b:1', 'c:2'])
    assert.equal(config.kafka.clientId, 'filed')
    assert.equal(config.http.port, 81)
    assert.equal(config.store.s3.forcePathStyle, true)
    assert.deepEqual((await load(yaml)).kafka.brokers, ['a:1', '[::1]:2'])
  })

  test('relative paths start from where they are written', async () => {
    const config = await load('store: { url: ../archive }\nqueries: { folder: sql }', {
      COLDSTREAM_QUERY_CACHE_FOLDER: 'cache',
    })
    assert.equal(config.store.url, pathToFileURL(join(folder, '../archive')).href)
    assert.equal(config.queries.folder, join(folder, 'sql'))
    assert.equal(config.query.cacheFolder, '/work/folder/cache')
    assert.equal(
      (await load(null, { COLDSTREAM_STORE: 'odd folder#1' })).store.url,
      'file:///work/folder/odd%20folder%231',
    )
  })

  test('a store that is set is marked as set, and urls stay as they are', async () => {
    for (const url of ['s3://bucket', 's3://bucket/pre/fix', 'file:///data/archive']) {
      const { store } = await load(null, { COLDSTREAM_STORE: url })
      assert.deepEqual({ url: store.url, isConfigured: store.isConfigured }, { url, isConfigured: true })
    }
  })

  test('variables are put into texts, and into numbers, switches and lists', async () => {
    const yaml = `
kafka: { clientId: "x-\${ID}-\${NONE:-y}-$\${ID}", brokers: ["\${HOST}:9092"] }
http: { port: "\${PORT}", apiKeys: [{ name: "\${ID}", sha256: "\${HASH}" }] }
store: { s3: { forcePathStyle: "\${STYLE:-false}" } }`
    const config = await load(yaml, { ID: 'id', HOST: 'h', PORT: '99', HASH: sha256, NONE: '' })
    // What stands behind a variable is not looked at again.
    assert.equal(config.kafka.clientId, `x-id-y-\${ID}`)
    assert.deepEqual(config.kafka.brokers, ['h:9092'])
    assert.deepEqual(config.http, { host: '127.0.0.1', port: 99, apiKeys: [{ name: 'id', sha256 }] })
    assert.equal(config.store.s3.forcePathStyle, false)
    const nested = await load(`kafka: { clientId: "\${A}" }`, { A: `\${B}` })
    assert.equal(nested.kafka.clientId, `\${B}`)
  })

  test('every property can be set by its variable, and all variables differ', async () => {
    const leaves = leavesOf(configSchema)
    const names = leaves.map(({ schema }) => factsOf(schema).env)
    assert.ok(names.every((name) => name?.startsWith('COLDSTREAM_')))
    assert.equal(new Set(names).size, leaves.length)
    for (const name of names) {
      const told = await load(null, { [name!]: '\u0000' }).then(
        (config) => inspect(config.description, { depth: 9 }),
        (error: Error) => error.message,
      )
      assert.notEqual(told, inspect((await load(null)).description, { depth: 9 }), name)
    }
  })
})

describe('wrong configuration:', () => {
  test("Trino's secrets go over TLS only, one of them at a time, and to a known place", async () => {
    assert.deepEqual(await problems('query: { engine: trino }'), [
      'query.engine: is trino, but query.trino.url is not set',
    ])
    assert.equal((await load('query: { engine: trino, trino: { url: "http://t:8080" } }')).query.engine, 'trino')
    const trino = (settings: string) => problems(`query: { trino: { ${settings} } }`)
    assert.equal((await load(null)).query.trino, null)
    assert.deepEqual((await load('query: { trino: { url: "https://t:8443", password: x } }')).query.trino, {
      url: 'https://t:8443',
      user: 'coldstream',
      password: 'x',
      accessToken: null,
      catalog: 'hive',
      schema: 'events',
    })
    assert.deepEqual(await trino('url: "http://t:8080", password: x'), [
      'query.trino.url: must be https, as password would be seen by others',
    ])
    assert.deepEqual(await trino('password: x, accessToken: y'), [
      'query.trino.accessToken: is set, and password too; only one of them can be',
      'query.trino.url: is not set, but password is',
    ])
  })

  test('all problems are told at once, each with its path and what is expected', async () => {
    const yaml = `
kafak: {}
kafka: { brokers: [one, "b:70000", "c:1"], clientID: x, sasl: { password: hunter22 } }
store: [s3]
query: { timeoutMs: soon, maxRows: 1.5, threads: 0 }
http: { port: 65536, apiKeys: [{ name: a, sha256: hunter22, colour: red }] }
log: { level: loud }`
    assert.deepEqual(
      await problems(yaml, { COLDSTREAM_S3_FORCE_PATH_STYLE: 'perhaps', COLDSTREAM_QUERY_MAX_ROWS: 'all' }),
      [
        'kafak: is no property of Coldstream; did you mean kafka?',
        'kafka.clientID: is no property of Coldstream; did you mean clientId?',
        'kafka.brokers[0]: expected host:port, an IPv6 host in brackets',
        'store: expected a section with properties',
        'query.maxRows: expected a whole number of at least 1',
        'query.timeoutMs: expected a whole number from 1 to 86400000',
        'query.threads: expected a whole number from 1 to 1024',
        'http.port: expected a whole number from 0 to 65535',
        'http.apiKeys[0].colour: is no property of Coldstream; known here: name, sha256',
        'http.apiKeys[0].sha256: expected the SHA-256 of the key, 64 hex digits in lower case',
        'log.level: expected one of debug, info, warn, error, silent',
        'store.s3.forcePathStyle (COLDSTREAM_S3_FORCE_PATH_STYLE): expected true or false',
        'query.maxRows (COLDSTREAM_QUERY_MAX_ROWS): expected a whole number of at least 1',
        'kafka.sasl.mechanism: is not set, but password is; name the mechanism',
      ],
    )
  })

  test('no value is told, as it may be a secret', async () => {
    const yaml = `kafka: { brokers: ["user:hunter22@host:1x"], hunter: 1 }\nstore: { s3: { endpoint: "https://a:hunter22@b" } }`
    const error = await refusal(yaml, { COLDSTREAM_HTTP_API_KEYS: 'a=hunter22' })
    assert.doesNotMatch(inspect(error, { depth: 9 }), /hunter22/)
  })

  test('a variable that is not set is named, once', async () => {
    assert.deepEqual(await problems(`kafka: { sasl: { mechanism: PLAIN, username: u, password: "\${PW}" } }`), [
      'kafka.sasl.password: needs the environment variable PW, which is not set',
      'kafka.sasl.password: is needed for PLAIN',
    ])
    assert.deepEqual(await problems(`kafka: { brokers: ["\${HOST}:1"] }`), [
      'kafka.brokers[0]: needs the environment variable HOST, which is not set',
    ])
  })

  test('what does not go together is refused', async () => {
    const pairs: [string, RegExp][] = [
      ['kafka: { sasl: { mechanism: OAUTHBEARER } }', /sasl\.token: is needed for OAUTHBEARER/],
      [
        'kafka: { sasl: { mechanism: OAUTHBEARER, tokenEndpointUrl: "https://id/token", clientId: c } }',
        /sasl\.clientSecret: is needed for OAUTHBEARER/,
      ],
      [
        'kafka: { sasl: { mechanism: OAUTHBEARER, token: t, tokenFile: f } }',
        /sasl: only one of token and tokenFile can say where the token is from/,
      ],
      [
        'kafka: { sasl: { mechanism: OAUTHBEARER, tokenEndpointUrl: "https://u:p@id/token" } }',
        /sasl\.tokenEndpointUrl: expected an http or https URL/,
      ],
      ['kafka: { sasl: { mechanism: PLAIN, username: u } }', /sasl\.password: is needed for PLAIN/],
      ['kafka: { tls: { enabled: false, servername: x } }', /tls\.enabled: is false/],
      ['kafka: { tls: { caFile: none.pem } }', /tls\.caFile: .*none\.pem cannot be read \(ENOENT\)/],
      ['kafka: { tls: { caFile: given.yaml } }', /tls\.caFile: .* is no PEM file/],
      ['kafka: { tls: { certFile: given.yaml } }', /certFile and keyFile go together/],
      ['store: { s3: { accessKeyId: a } }', /accessKeyId and secretAccessKey go together/],
      ['kafka: { brokers: ["a:0"] }', /brokers\[0\]: expected a port/],
      ['kafka: { brokers: [] }', /brokers: expected a list, each host:port/],
      ['store: { url: "s3://u:p@bucket" }', /store\.url: expected a path, file:\/\/\/path or s3:\/\/bucket\/prefix/],
      [`http: { apiKeys: [{ name: a, sha256: ${sha256} }, { name: a, sha256: ${sha256} }] }`, /name a is there twice/],
      ['http: { apiKeys: [{ name: a }] }', /apiKeys\[0\]\.sha256: expected/],
    ]
    for (const [yaml, expected] of pairs) assert.match((await problems(yaml)).join('\n'), expected)
  })

  test('listening beyond loopback needs an API key', async () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'archive.internal', '::ffff:10.0.0.1', '1.127.0.0']) {
      const [problem] = await problems(null, { COLDSTREAM_HTTP_HOST: host })
      assert.match(problem!, /^http\.host: .* no API key is configured/)
      const allowed = await load(null, { COLDSTREAM_HTTP_HOST: host, COLDSTREAM_HTTP_API_KEYS: `me=${sha256}` })
      assert.deepEqual(allowed.http, { host, port: 8080, apiKeys: [{ name: 'me', sha256 }] })
    }
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) {
      assert.equal((await load(null, { COLDSTREAM_HTTP_HOST: host })).http.host, host)
    }
  })

  test('a file that is not there, or is no YAML, is told with its lines and without its text', async () => {
    await assert.rejects(
      loadConfig('none.yaml', { environment: {}, workingFolder: folder }),
      /no configuration file .*none\.yaml/,
    )
    for (const yaml of [
      'a: 1\nb: [hunter22',
      'password: hunter22\npassword: hunter22',
      'a: *hunter22',
      '\thunter22: 1',
    ]) {
      const error = await refusal(yaml)
      assert.equal(error.code, 'config-unreadable')
      assert.doesNotMatch(error.message, /hunter22/)
    }
    assert.match((await refusal('a: 1\nb: [')).message, /line 2/)
    const bomb = ['a: &a [1,1,1,1,1,1,1,1,1]', ...'bcdefgh'].map((line, i, lines) =>
      i === 0 ? line : `${line}: &${line} [${Array(9).fill(`*${lines[i - 1]![0]}`)}]`,
    )
    assert.equal((await refusal(bomb.join('\n'))).code, 'config-unreadable')
  })

  test('whatever the file holds, it loads or is refused by name', async () => {
    const name = fc.constantFrom(
      'kafka',
      'store',
      'url',
      's3',
      'http',
      'apiKeys',
      'brokers',
      'tls',
      '__proto__',
      'toString',
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(name, tie('tree'), { maxKeys: 3 }),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, tree), async (value) => {
        const told = await load(JSON.stringify(value)).catch((error: unknown) => error)
        assert.ok(!(told instanceof Error) || told instanceof InvalidInputError, inspect(told))
      }),
      { numRuns: 200 },
    )
  })
})

describe('printing the configuration:', () => {
  test('the description holds every setting and no secret', async () => {
    const environment: Environment = {
      COLDSTREAM_HTTP_API_KEYS: `me=${sha256}`,
      COLDSTREAM_KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      COLDSTREAM_KAFKA_SASL_USERNAME: 'archivist',
    }
    const secrets = leavesOf(configSchema).filter(({ schema }) => factsOf(schema).secret)
    assert.ok(secrets.length >= 5)
    for (const { schema } of secrets) environment[factsOf(schema).env!] = 'hunter22'
    environment.COLDSTREAM_S3_ACCESS_KEY_ID = 'AKIA'
    environment.COLDSTREAM_ATHENA_ACCESS_KEY_ID = 'AKIA'
    environment.COLDSTREAM_HEADROOM_WEBHOOK_URL = 'https://hooks.example/hunter22'
    environment.COLDSTREAM_TRINO_URL = 'https://trino.example'
    // one of the two
    delete environment.COLDSTREAM_TRINO_ACCESS_TOKEN
    const printed = inspect((await loadTls(environment)).description, { depth: 9 })
    assert.doesNotMatch(printed, new RegExp(`hunter22|${sha256}`))
    assert.match(printed, /archivist/)
    assert.match(printed, /password: '\*\*\*'/)
    assert.match(printed, /sha256: '\*\*\*'/)
  })

  test('headroom: percents in their order, a group pattern for whole names, a secret only with a webhook', async () => {
    const { headroom } = await load('headroom: { warnPercent: 60, groupsRegex: "a|b" }')
    assert.deepEqual(headroom.thresholds, { warnShare: 0.6, criticalShare: 0.2 })
    assert.deepEqual(
      ['a', 'b', 'ab', 'xb'].map((group) => headroom.groups.test(group)),
      [true, true, false, false],
    )
    assert.equal(headroom.webhook, null)
    const wrong = 'headroom: { warnPercent: 10, groupsRegex: "(", webhook: { secret: s } }'
    await assert.rejects(load(wrong), (error: Error) =>
      ['criticalPercent', 'groupsRegex', 'webhook.secret'].every((name) => error.message.includes(`headroom.${name}`)),
    )
  })

  test('athena: no engine without a workgroup; prices may have decimals; results are read from the S3 of the archive', async () => {
    assert.equal((await load(null)).query.athena, null)
    const { athena } = (await load(null, { COLDSTREAM_ATHENA_WORKGROUP: 'primary' })).query
    assert.deepEqual(athena, {
      ...{ workgroup: 'primary', database: 'events', catalog: 'AwsDataCatalog', pricePerTb: 5 },
      ...{ outputLocation: null, region: null, endpoint: null, credentials: null },
      ...{ reuseMaxAgeMinutes: null, maxScannedBytes: null, results: { endpoint: null, forcePathStyle: false } },
    })
    const yaml = `store: { s3: { endpoint: "http://minio:9000" } }
query: { athena: { workgroup: w, pricePerTb: 6.75, outputLocation: s3://results/here, accessKeyId: a, secretAccessKey: b } }`
    const configured = (await load(yaml)).query.athena
    assert.equal(configured?.pricePerTb, 6.75)
    assert.deepEqual(configured?.credentials, { accessKeyId: 'a', secretAccessKey: 'b' })
    assert.deepEqual(configured?.results, { endpoint: 'http://minio:9000', forcePathStyle: true })
    const byVariable = { COLDSTREAM_ATHENA_WORKGROUP: 'w', COLDSTREAM_ATHENA_PRICE_PER_TB: '7.5' }
    assert.equal((await load(null, byVariable)).query.athena?.pricePerTb, 7.5)
    const wrong =
      'query: { athena: { outputLocation: results, pricePerTb: -1, accessKeyId: a, reuseMaxAgeMinutes: 0 } }'
    assert.deepEqual(await problems(wrong), [
      'query.athena.outputLocation: expected s3://bucket or s3://bucket/prefix',
      'query.athena.reuseMaxAgeMinutes: expected a whole number from 1 to 10080',
      'query.athena.pricePerTb: expected a number from 0 to 1000',
      'query.athena: accessKeyId and secretAccessKey go together, only one of them is set',
    ])
  })

  test('TLS files reach the client as they are', async () => {
    const { kafka } = await loadTls({})
    assert.deepEqual(Object.keys(kafka.tls ?? {}), ['cert', 'key'])
    assert.match(String(kafka.tls?.cert), /^-----BEGIN CERTIFICATE/)
    assert.deepEqual((await load('kafka: { tls: { enabled: true } }')).kafka.tls, {})
  })

  async function loadTls(environment: Environment): Promise<Config> {
    for (const name of ['CERTIFICATE', 'PRIVATE KEY']) {
      await writeFile(join(folder, `${name}.pem`), `-----BEGIN ${name}-----\n-----END ${name}-----\n`)
    }
    return load('kafka: { tls: { certFile: CERTIFICATE.pem, keyFile: "PRIVATE KEY.pem" } }', environment)
  }
})

describe('docs/configuration.md', () => {
  test('is what `npm run docs:config` writes now', async () => {
    assert.equal(await readFile(new URL('../docs/configuration.md', import.meta.url), 'utf8'), configReference())
  })

  test('has an example that loads', async () => {
    const [, example] = /```yaml\n([^`]+)```/.exec(configReference()) ?? []
    const config = await load(example!, { KAFKA_PASSWORD: 'p', DASHBOARDS_KEY_SHA256: sha256 })
    assert.equal(config.store.url, 's3://kafka-event-archive/production')
    assert.deepEqual(config.kafka.tls, {})
  })
})
