import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import type { Codec } from '../../../src/ports/record-block.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { numbered } from './records.ts'

describe('the Kafka writer compresses', () => {
  let kafka: KafkaServer

  before(async () => {
    kafka = await startKafka()
  })
  after(() => kafka.stop())

  /** The codecs of the target's batches, as Kafka's own tool finds them in the log; markers have none. */
  async function written(codec: Codec | undefined): Promise<Set<string>> {
    const produceCodec = codec === undefined ? {} : { produceCodec: codec }
    const log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'compression', ...produceCodec })
    const target = `target-${codec ?? 'usual'}`
    try {
      await log.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 1_000_000 })
      const writer = await log.openWriter({ replay: target, task: 0, tasks: 8, targets: [target] })
      await writer.write(target, 0, numbered(0, 100))
      await writer.commit(Buffer.from('all'))
      await writer.close()
    } finally {
      await log.close()
    }
    const file = join(kafka.logFolder, `${target}-0`, '00000000000000000000.log')
    const dump = await kafka.javaTool('org.apache.kafka.tools.DumpLogSegments', ['--files', file])
    const batches = dump.split('\n').filter((line) => line.includes('isControl: false'))
    return new Set(batches.map((line) => /compresscodec: (\w+)/.exec(line)?.[1] ?? line))
  }

  it('by zstd unless told', async () => {
    assert.deepEqual(await written(undefined), new Set(['zstd']))
  })

  for (const codec of ['none', 'gzip', 'snappy', 'lz4'] as const) {
    it(`by ${codec} when told`, async () => {
      assert.deepEqual(await written(codec), new Set([codec]))
    })
  }
})
