import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { connectorReference } from '../../scripts/connector-reference.ts'
import { propertyDefinitions } from '../../src/archive/connector/definitions.ts'
import { parseConnector } from '../../src/archive/connector/parse.ts'
import { maskSecrets } from '../../src/archive/connector/secrets.ts'
import { InvalidInputError } from '../../src/errors.ts'

const minimal = { name: 'orders', topics: 'orders' }
const parse = (config: Record<string, unknown>) => parseConnector({ ...minimal, ...config }, 'test.json')

function problemsOf(config: unknown): string {
  try {
    parseConnector(config, 'test.json')
  } catch (error) {
    assert.ok(error instanceof InvalidInputError)
    assert.equal(error.code, 'connector-invalid')
    return error.message
  }
  return assert.fail('the connector was taken')
}

describe('a connector', () => {
  it('is the article’s JSON, verbatim', async () => {
    const json: unknown = JSON.parse(
      await readFile(new URL('../../connectors/orders-s3-archive.json', import.meta.url), 'utf8'),
    )
    const connector = parseConnector(json, 'orders-s3-archive.json')
    assert.equal(connector.name, 'orders-s3-archive')
    assert.deepEqual(connector.topics, ['orders', 'payments', 'shipments'])
    assert.equal(connector.routing.partitionDurationMs, 3_600_000, 'derived from the path, which ends in the hour')
    assert.equal(connector.rotation.flushSize, 10_000)
    assert.equal(connector.rotation.intervalMs, 600_000)
    assert.deepEqual(connector.s3, {
      bucket: 'kafka-event-archive',
      region: 'eu-west-1',
      endpoint: null,
      accessKeyId: null,
      secretAccessKey: null,
      forcePathStyle: null,
    })
    assert.equal(connector.tasksMax, 4)
    assert.deepEqual(connector.errors, { tolerance: 'none', deadLetterTopic: null })
    assert.equal(connector.nullValues, 'write')
    assert.equal(connector.routing.timestampField, null)
  })

  it('is the same in the flat shape and in the shape of Connect’s REST API', () => {
    const flat = parseConnector({ name: 'a', topics: 'x,y', 'flush.size': '5' }, 'flat.json')
    const nested = parseConnector({ name: 'a', config: { topics: 'x, y', 'flush.size': 5 } }, 'nested.json')
    assert.deepEqual(nested, flat)
  })

  it('says which properties it does not know or does not need', () => {
    const { warnings } = parse({ 's3.part.size': '5242880', 'some.new.property': 'x' })
    assert.ok(warnings.some((warning) => warning.startsWith('s3.part.size is ignored')))
    assert.ok(warnings.some((warning) => warning.startsWith('some.new.property is not known')))
  })

  it('names all problems at once, each with its property', () => {
    const message = problemsOf({
      name: 'a',
      'flush.size': 'ten',
      'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
    })
    assert.match(message, /topics: is missing/)
    assert.match(message, /flush\.size: "ten"/)
    assert.match(message, /format\.class: .*JsonFormat" is not supported: the archive is Parquet/)
  })

  for (const [what, config, problem] of [
    ['the wall clock as the time of a record', { 'timestamp.extractor': 'Wallclock' }, /cannot be reproduced/],
    ['a field extractor without its field', { 'timestamp.extractor': 'RecordField' }, /needs the name of the field/],
    ['a field without its extractor', { 'timestamp.field': 'at' }, /only used with/],
    ['a bucket wider than its path tells apart', { 'partition.duration.ms': '86400000' }, /wider than path\.format/],
    [
      'a path that contradicts its partitioner',
      { 'partitioner.class': 'DailyPartitioner', 'path.format': "'h'=HH" },
      /contradicts/,
    ],
    ['a partitioner that is not by time', { 'partitioner.class': 'x.FieldPartitioner' }, /does not partition by time/],
    ['topics by name and by pattern', { 'topics.regex': 'o.*' }, /topics\.regex/],
    ['a topic named twice', { topics: 'a,b,a' }, /a named twice/],
    ['a sink that is not the S3 sink', { 'connector.class': 'HdfsSinkConnector' }, /takes the place of the S3 sink/],
    ['files outside the archive', { 'topics.dir': '../elsewhere' }, /topics\.dir/],
    ['files among the archive’s books', { 'topics.dir': 'log' }, /keeps its own books/],
    ['an unknown compression', { 'parquet.codec': 'lzo' }, /parquet\.codec: "lzo" is not one of/],
    ['a store without a bucket', { 's3.region': 'eu-west-1' }, /s3\.bucket\.name: is missing/],
    ['a value that is no scalar', { 'flush.size': [1] }, /must be text, a number or a boolean/],
  ] as const) {
    it(`refuses ${what}`, () => assert.match(problemsOf({ ...minimal, ...config }), problem))
  }

  it('refuses what is no connector at all', () => {
    for (const json of [null, [], 'x', 7, {}, { name: 'a', config: [] }, { name: 'a b', topics: 'x' }]) problemsOf(json)
  })

  it('closes an idle topic’s segments although the sink would not', () => {
    assert.equal(parse({}).rotation.idleMs, 60_000)
    assert.equal(parse({ 'rotate.interval.ms': '5000' }).rotation.idleMs, 5_000)
  })
})

describe('the topics of a connector', () => {
  const pattern = (regex: string) => parseConnector({ name: 'a', 'topics.regex': regex }, 'test').topicsRegex!

  it('may be all whose whole name a Java pattern matches', () => {
    for (const [regex, takes, leaves] of [
      ['orders', ['orders'], ['orders-2', 'my-orders']],
      ['a|b', ['a', 'b'], ['ab', 'ax', 'xb']],
      ['orders-\\d{2,}', ['orders-01'], ['orders-1', 'orders-01x']],
      ['(?!__).*', ['a', '_a'], ['__internal']],
      ['[a-c&]+\\.v[12]', ['abc.v1', '&.v2'], ['abcxv1']],
      ['[^_].*?', ['a_b'], ['_a']],
      ['(?:eu|us)\\-(?<what>x|y)', ['eu-x'], ['eu-xy']],
    ] as const) {
      for (const topic of takes) assert.ok(pattern(regex).test(topic), `${regex} takes ${topic}`)
      for (const topic of leaves) assert.ok(!pattern(regex).test(topic), `${regex} leaves ${topic}`)
    }
  })

  for (const [regex, what] of [
    ['a*+', /possessive/],
    ['a{2}+', /possessive/],
    ['(?i)orders', /inline flags/],
    ['(?>a|b)', /atomic/],
    ['\\Qa.b\\E', /\\Q/],
    ['\\p{Lower}+', /\\p/],
    ['[a-z&&[^b]]', /class/],
    ['[a[bc]]', /class within a class/],
    ['[]a]', /begins with \]/],
    ['\\Aorders\\z', /\\A/],
    ['orders(', /no regular expression/],
    ['*', /no regular expression/],
  ] as const) {
    it(`may not be a pattern that JavaScript would read otherwise: ${regex}`, () => {
      assert.match(problemsOf({ name: 'a', 'topics.regex': regex }), what)
    })
  }

  it('may be lazy, and have a plus after a class or group', () => {
    for (const regex of ['a+?', 'a{2}?', '[a-z]+', '(a|b)+', 'a\\++', '[*+]+']) assert.ok(pattern(regex), regex)
  })
})

describe('what becomes of errors and tombstones', () => {
  it('is as the sink’s properties say', () => {
    const { errors, nullValues, warnings } = parse({
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'orders-dlq',
      'behavior.on.null.values': 'ignore',
    })
    assert.deepEqual(errors, { tolerance: 'all', deadLetterTopic: 'orders-dlq' })
    assert.equal(nullValues, 'ignore')
    assert.deepEqual(warnings, [])
  })

  it('is said where the sink’s defaults are others, of a connector that was written for the sink', () => {
    const sink = { 'connector.class': 'io.confluent.connect.s3.S3SinkConnector' }
    assert.ok(parse(sink).warnings.some((warning) => warning.startsWith('behavior.on.null.values is write')))
    assert.ok(parse(sink).warnings.some((warning) => warning.startsWith('timestamp.extractor is Record')))
    const said = { ...sink, 'behavior.on.null.values': 'write', 'timestamp.extractor': 'Record' }
    assert.deepEqual(parse(said).warnings, [])
    assert.deepEqual(parse({}).warnings, [])
  })

  it('cannot lead in a circle', () => {
    for (const topics of [{ topics: 'orders,dead' }, { 'topics.regex': '.*', topics: '' }]) {
      const config = { name: 'a', ...topics, 'errors.tolerance': 'all', 'errors.deadletterqueue.topic.name': 'dead' }
      assert.match(problemsOf(config), /dead" is itself a topic of this connector/)
    }
  })
})

describe('secrets of a connector', () => {
  const s3 = {
    's3.bucket.name': 'bucket',
    'aws.access.key.id': `\${env:ID}`,
    'aws.secret.access.key': `\${env:SECRET}`,
  }

  it('come from the environment where they are references', () => {
    const { s3: store } = parseConnector({ ...minimal, ...s3 }, 'test', { ID: 'id', SECRET: 'secret' })
    assert.equal(store?.accessKeyId, 'id')
    assert.equal(store?.secretAccessKey, 'secret')
  })

  it('are never shown', () => {
    const shown = maskSecrets({
      ...s3,
      topics: 'a',
      's3.proxy.url': 'http://me:hush@proxy:3128',
      'aws.secret.access.key': 'hush',
      'value.converter.basic.auth.user.info': 'me:hush',
      'consumer.override.sasl.jaas.config': 'password="hush"',
      'key.converter.schema.registry.ssl.keystore.password': 'hush',
    })
    assert.ok(!JSON.stringify(shown).includes('hush'))
    assert.equal(shown.topics, 'a')
    assert.equal(shown['aws.access.key.id'], s3['aws.access.key.id'])
  })
})

describe('the definitions of properties', () => {
  it('have every name once', () => {
    const names = propertyDefinitions.map(({ name }) => name)
    assert.deepEqual(names, [...new Set(names)])
  })

  it('say of each that is ignored or refused the same as the parser', () => {
    for (const { name, standing } of propertyDefinitions) {
      const property = name.replace('.*', '.x')
      if (standing === 'ignored') {
        assert.ok(
          parse({ [property]: 'x' }).warnings.some((warning) => warning.startsWith(`${property} is ignored`)),
          name,
        )
      } else if (standing === 'refused') {
        assert.match(problemsOf({ ...minimal, [property]: 'x' }), new RegExp(`${property}: is not supported: `), name)
      }
    }
  })

  it('name defaults that the parser takes, and a choice of values of which it takes each', () => {
    for (const { name, values = [], default: fallback } of propertyDefinitions) {
      const together = name === 'timestamp.extractor' ? { 'timestamp.field': 'at' } : {}
      for (const value of values) {
        const isField = value === 'RecordField'
        assert.ok(parse({ [name]: value, ...(isField && together) }), `${name}=${value}`)
      }
      if (fallback !== undefined) assert.ok(parse({ [name]: fallback }), `${name}=${fallback}`)
    }
  })

  it('are what docs/connectors.md says', async () => {
    const written = await readFile(new URL('../../docs/connectors.md', import.meta.url), 'utf8')
    assert.equal(written, connectorReference(), 'run npm run docs:connectors')
  })
})
