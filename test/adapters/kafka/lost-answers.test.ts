import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { readCommitted, valuesOf } from './judge.ts'
import { numbered, numbers } from './records.ts'

const produceKey = 0
const endTxnKey = 26
const initProducerIdKey = 22

for (const version of [1, 2]) {
  describe(`the Kafka writer when answers get lost, transaction version ${version}`, () => {
    let proxy: CuttingProxy
    let kafka: KafkaServer
    let brokers: string[]
    let log: KafkaEventLog

    before(async () => {
      proxy = await CuttingProxy.listen()
      kafka = await startKafka({
        features: { 'transaction.version': version },
        config: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` },
      })
      proxy.forwardTo(Number(kafka.brokers[0]!.split(':')[1]))
      brokers = [`127.0.0.1:${proxy.port}`]
      log = await KafkaEventLog.connect({ brokers, clientId: 'lost-answers' })
    })
    after(async () => {
      await log.close()
      proxy.close()
      await kafka.stop()
    })

    for (const [what, key, times] of [
      ['stored batches', produceKey, 5],
      ['commits', endTxnKey, 4],
      ['a new producer id', initProducerIdKey, 2],
    ] as const) {
      it(`stores every record once though the answers for ${what} are lost`, async () => {
        const target = `target-${randomUUID()}`
        await log.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 1_000_000 })
        proxy.cut(key, times)
        const writer = await log.openWriter({ replay: `r-${randomUUID()}`, task: 0, tasks: 8, targets: [target] })
        for (let from = 0; from < 6000; from += 100) {
          await writer.write(target, 0, numbered(from, from + 100))
          if (from % 1000 === 900) await writer.commit(Buffer.from(String(from)))
        }
        await writer.close()
        assert.ok(proxy.cuts >= times, `only ${proxy.cuts} answers were lost`)
        assert.deepEqual(valuesOf(await readCommitted(brokers, target), 0), numbers(0, 6000))
      })
    }
  })
}
