import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Client } from 'minio'
import { openServices } from '../../src/app.ts'
import { parseConnector } from '../../src/archive/connector/parse.ts'
import type { Services } from '../../src/services.ts'
import { readCommitted } from '../adapters/kafka/judge.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { sharedMinio } from '../kit/minio.ts'
import type { S3Access } from '../kit/s3-server.ts'
import { createOrders } from '../kit/services.ts'

let brokers: string[]
let minio: S3Access
let witness: Client
let folder: string
let topic: string
const bucket = `archive-${randomUUID().slice(0, 8)}`
const signal = new AbortController().signal

before(async () => {
  brokers = await sharedKafka()
  minio = await sharedMinio()
  const { hostname, port } = new URL(minio.endpoint)
  const { accessKeyId: accessKey, secretAccessKey: secretKey, region } = minio
  witness = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey, region })
  await witness.makeBucket(bucket)
  folder = await mkdtemp(join(tmpdir(), 'coldstream-s3-'))
  topic = await createOrders(brokers, 100)
})
after(() => rm(folder, { recursive: true }))

/** Services by a configuration file; its `store` section is given. */
async function withServices<Result>(store: string, use: (services: Services) => Promise<Result>): Promise<Result> {
  const configFile = join(folder, `${randomUUID()}.yaml`)
  const yaml = `kafka:\n  brokers: ["${brokers.join('", "')}"]\n${store}\nquery:\n  cacheFolder: ./cache\n`
  await writeFile(configFile, yaml)
  const services = await openServices({ configFile, verbose: false })
  try {
    return await use(services)
  } finally {
    await services.close()
  }
}

const configured = (): string => `store:
  url: s3://${bucket}
  s3: {endpoint: "${minio.endpoint}", region: ${minio.region}, accessKeyId: ${minio.accessKeyId}, secretAccessKey: ${minio.secretAccessKey}}`

describe('an archive in a bucket', () => {
  it('is named by the connector’s s3 properties where no store is configured', async () => {
    const connector = parseConnector(
      {
        name: topic,
        topics: topic,
        's3.bucket.name': bucket,
        's3.region': minio.region,
        'store.url': minio.endpoint,
        'aws.access.key.id': minio.accessKeyId,
        'aws.secret.access.key': minio.secretAccessKey,
      },
      'test',
    )
    await withServices('', async (services) => {
      const capture = await services.openCapture(connector)
      assert.equal((await capture.run({ untilEnd: true }, signal)).records, 100)
    })
    const names: string[] = []
    for await (const item of witness.listObjectsV2(bucket, `topics/${topic}/`, true)) names.push(String(item.name))
    assert.deepEqual(names.sort(), [
      `topics/${topic}/year=2025/month=01/day=14/hour=09/${topic}+0+0000000000.parquet`,
      `topics/${topic}/year=2025/month=01/day=14/hour=09/${topic}+1+0000000000.parquet`,
      `topics/${topic}/year=2025/month=01/day=14/hour=10/${topic}+0+0000000030.parquet`,
      `topics/${topic}/year=2025/month=01/day=14/hour=10/${topic}+1+0000000030.parquet`,
    ])
  })

  it('goes on where it ended when the store comes from the configuration, whatever the connector says', async () => {
    const connector = parseConnector({ name: topic, topics: topic, 's3.bucket.name': 'some-other-bucket' }, 'test')
    await withServices(configured(), async (services) => {
      const capture = await services.openCapture(connector)
      assert.equal((await capture.run({ untilEnd: true }, signal)).records, 0)
    })
  })

  it('answers SQL through a local cache, also when it is asked again', async () => {
    await withServices(configured(), async ({ queries }) => {
      for (let round = 0; round < 2; round++) {
        const result = await queries.run({ sql: `SELECT hour, count(*) FROM "${topic}" GROUP BY 1 ORDER BY 1` }, signal)
        const rows: unknown[] = []
        for await (const batch of result.rows) rows.push(...batch)
        assert.deepEqual(rows, [
          ['09', 60n],
          ['10', 40n],
        ])
      }
    })
  })

  it('is replayed record by record', async () => {
    const target = `from-s3-${randomUUID().slice(0, 8)}`
    await withServices(configured(), async (services) => {
      const replays = await services.replays()
      const { id } = await replays.create({ source: { topic }, target: { topic: target } })
      assert.equal((await replays.finished(id)).state, 'completed')
    })
    const content = async (name: string) =>
      (await readCommitted(brokers, name))
        .map(({ partition, key, value, timestampMs, headers }) =>
          JSON.stringify([partition, String(key), String(value), timestampMs, headers]),
        )
        .sort()
    assert.deepEqual(await content(target), await content(topic))
  })
})
