import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { parseConnector } from '../../src/archive/connector/parse.ts'
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
