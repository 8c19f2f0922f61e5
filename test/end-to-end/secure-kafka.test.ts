import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readCommitted } from '../adapters/kafka/judge.ts'
import { type EndedCommand, runColdstream, startColdstream } from '../faults/kit/coldstream.ts'
import { Round, stop } from '../faults/kit/round.ts'
import { createTopic, endsOf, topicOf, writeOrders } from '../faults/kit/topics.ts'
import { World } from '../faults/kit/world.ts'
import { type SecureKafka, secureUser, startSecureKafka } from '../kit/secure-kafka.ts'
import { startTokenEndpoint, tokenClient } from '../kit/token-endpoint.ts'
import { signToken } from '../kit/tokens.ts'

/** Sessions are this short, so that a capture of some seconds authenticates several times. */
const sessionMs = 2_000
const records = 300

let secure: SecureKafka
let world: World
let round: Round

before(async () => {
  world = await World.open()
  secure = await startSecureKafka(sessionMs)
})
after(async () => {
  await secure.stop()
  await world.close()
})

type Settings = Record<string, string>

function saslSettings(mechanism: string, more: Settings = {}): Settings {
  const { username, password } = secureUser
  const isUser = mechanism !== 'OAUTHBEARER'
  return {
    COLDSTREAM_KAFKA_BROKERS: secure.sasl,
    COLDSTREAM_KAFKA_TLS_CA_FILE: secure.certificates.ca,
    COLDSTREAM_KAFKA_SASL_MECHANISM: mechanism,
    ...(isUser && { COLDSTREAM_KAFKA_SASL_USERNAME: username, COLDSTREAM_KAFKA_SASL_PASSWORD: password }),
    ...more,
  }
}

const ways: Record<string, () => Settings> = {
  PLAIN: () => saslSettings('PLAIN'),
  'SCRAM-SHA-256': () => saslSettings('SCRAM-SHA-256'),
  'SCRAM-SHA-512': () => saslSettings('SCRAM-SHA-512'),
  OAUTHBEARER: () => saslSettings('OAUTHBEARER', { COLDSTREAM_KAFKA_SASL_TOKEN: signToken(60) }),
  'a client certificate': () => ({
    COLDSTREAM_KAFKA_BROKERS: secure.mutualTls,
    COLDSTREAM_KAFKA_TLS_CA_FILE: secure.certificates.ca,
    COLDSTREAM_KAFKA_TLS_CERT_FILE: secure.certificates.clientCert,
    COLDSTREAM_KAFKA_TLS_KEY_FILE: secure.certificates.clientKey,
  }),
  'PLAIN, by the name of the certificate': () =>
    saslSettings('PLAIN', {
      COLDSTREAM_KAFKA_BROKERS: secure.sasl.replace('127.0.0.1', 'localhost'),
      COLDSTREAM_KAFKA_TLS_SERVERNAME: 'localhost',
    }),
}

describe('over TLS, by', () => {
  for (const [way, settingsOf] of Object.entries(ways)) {
    it(`${way}: capture, query and replay`, async () => {
      const { brokers } = secure.kafka
      const { topic } = await topicOf(brokers, 'secure', { records, partitions: 2 })
      const folder = await mkdtemp(join(tmpdir(), 'coldstream-secure-'))
      const settings = { ...settingsOf(), COLDSTREAM_STORE: folder }
      const connector = join(folder, 'connector.json')
      await writeFile(connector, JSON.stringify({ name: topic, topics: topic }))
      await runColdstream(['capture', connector, '--until-end'], folder, settings)
      const sql = `SELECT count(*) AS n, max(record_offset) AS last FROM "${topic}"`
      assert.match(await runColdstream(['query', sql, '--format', 'csv'], folder, settings), /300,149/)
      await runColdstream(['replay', topic, '--to', `${topic}-again`], folder, settings)
      assert.equal((await readCommitted(brokers, `${topic}-again`)).length, records)
      await rm(folder, { recursive: true })
    })
  }
})

describe('a capture that outlives its token', () => {
  before(async () => {
    round = await Round.open(world, 1, Math.random)
  })
  after(() => round.close())

  /** Writes and archives, again and again, until `enough`; then stops and counts. */
  async function captureUntil(settings: Settings, enough: () => boolean): Promise<void> {
    const { brokers } = secure.kafka
    const topic = await createTopic(brokers, 'long')
    const archive = await round.archive(brokers)
    const connector = await round.connector(topic)
    const capture = round.start(['capture', connector], { ...archive.settings, ...settings })
    let written = 0
    while (!enough()) {
      await writeOrders(brokers, topic, { from: written, to: written + 100 })
      written += 100
      const archived = archive.watch.archived(topic, await endsOf(brokers, topic))
      await Promise.race([archived, capture.ended.then(({ stderr }) => assert.fail(stderr))])
    }
    const { code, stderr } = await stop(capture)
    assert.equal(code, 0, stderr)
    assert.equal((await round.verify(archive, topic)).findings.length, 0)
  }

  it('goes on with the tokens of a file that is renewed', async () => {
    const tokenFile = join(round.folder, 'token')
    const startedAt = performance.now()
    let renewals = 0
    const renew = async (): Promise<void> => {
      renewals += 1
      // by renaming, so that nobody reads a file that is empty yet
      const next = `${tokenFile}-${renewals}`
      await writeFile(next, signToken(3))
      await rename(next, tokenFile)
    }
    await renew()
    const renewing = setInterval(() => void renew(), 1_000)
    // The first token has ended, and so has every session that began with it.
    const isLongOver = (): boolean => performance.now() - startedAt > 3 * sessionMs
    try {
      await captureUntil(saslSettings('OAUTHBEARER', { COLDSTREAM_KAFKA_SASL_TOKEN_FILE: tokenFile }), isLongOver)
    } finally {
      clearInterval(renewing)
    }
    assert.ok(renewals > 2)
  })

  it('goes on with the tokens of an endpoint', async () => {
    const endpoint = await startTokenEndpoint(() => ({ token: signToken(3), seconds: 3 }))
    const { clientId, clientSecret } = tokenClient
    const settings = saslSettings('OAUTHBEARER', {
      COLDSTREAM_KAFKA_SASL_TOKEN_ENDPOINT_URL: endpoint.url,
      COLDSTREAM_KAFKA_SASL_CLIENT_ID: clientId,
      COLDSTREAM_KAFKA_SASL_CLIENT_SECRET: clientSecret,
    })
    await captureUntil(settings, () => endpoint.requests.length >= 3)
    await endpoint.close()
  })
})

describe('what is refused says what to do and tells no secret:', () => {
  async function refused(settings: Settings): Promise<EndedCommand> {
    const folder = await mkdtemp(join(tmpdir(), 'coldstream-secure-'))
    const connector = join(folder, 'connector.json')
    await writeFile(connector, JSON.stringify({ name: 'refused', topics: 'refused' }))
    const args = ['--verbose', 'capture', connector, '--until-end']
    const ended = await startColdstream(args, folder, { ...settings, COLDSTREAM_STORE: folder }).ended
    await rm(folder, { recursive: true })
    assert.equal(ended.code, 1)
    assert.match(ended.stderr, /what to do: /)
    assert.doesNotMatch(ended.stderr, /wrong-secret-word|eyJ|at .*\.ts:/)
    assert.equal(ended.stderr.match(/error: /g)?.length, 1, ended.stderr)
    return ended
  }

  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    it(`a wrong password for ${mechanism}`, async () => {
      const settings = saslSettings(mechanism, { COLDSTREAM_KAFKA_SASL_PASSWORD: 'wrong-secret-word' })
      const { stderr } = await refused(settings)
      assert.match(stderr, /did not accept the credentials/)
      assert.match(stderr, /Check user name, password/)
    })
  }

  it('a token that has ended', async () => {
    const { stderr } = await refused(saslSettings('OAUTHBEARER', { COLDSTREAM_KAFKA_SASL_TOKEN: signToken(-60) }))
    assert.match(stderr, /did not accept the credentials/)
    assert.match(stderr, /token: its end/)
  })

  it('a token file that is not there', async () => {
    const { stderr } = await refused(
      saslSettings('OAUTHBEARER', { COLDSTREAM_KAFKA_SASL_TOKEN_FILE: '/nowhere/token' }),
    )
    assert.match(stderr, /token file \/nowhere\/token cannot be read \(ENOENT\)/)
  })

  it('an authority that is not known', async () => {
    const { COLDSTREAM_KAFKA_TLS_CA_FILE: _, ...settings } = saslSettings('PLAIN', { COLDSTREAM_KAFKA_TLS: 'true' })
    const { stderr } = await refused(settings)
    assert.match(stderr, /certificate of Kafka at .* is not accepted/)
    assert.match(stderr, /kafka\.tls\.caFile/)
  })

  it('a certificate for another name', async () => {
    const { stderr } = await refused(saslSettings('PLAIN', { COLDSTREAM_KAFKA_TLS_SERVERNAME: 'elsewhere.test' }))
    assert.match(stderr, /is not accepted/)
    assert.match(stderr, /kafka\.tls\.servername/)
  })

  it('no client certificate where one is wanted', async () => {
    const { stderr } = await refused({
      COLDSTREAM_KAFKA_BROKERS: secure.mutualTls,
      COLDSTREAM_KAFKA_TLS_CA_FILE: secure.certificates.ca,
    })
    assert.match(stderr, /kafka\.tls\.certFile/)
  })
})
