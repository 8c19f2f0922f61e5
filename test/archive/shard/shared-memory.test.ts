import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { ThreadMemory } from '../../../src/archive/shard/thread-memory.ts'
import { sharedKafka } from '../../kit/kafka.ts'
import { findingsOf, openCapture, testArchive } from '../kit.ts'
import { createTopic, produce } from '../topic-kit.ts'

const records = 60
const recordBytes = 50_000

test('captures that share a thread’s memory close segments early, and archive everything', async (t) => {
  const brokers = await sharedKafka()
  const eventLog = await KafkaEventLog.connect({ brokers, clientId: 'shared-memory-test' })
  t.after(() => eventLog.close())
  const archive = await testArchive()
  t.after(() => archive.remove())
  // no codec makes these smaller
  const value = () => randomBytes(recordBytes / 2).toString('hex')
  const topics = [await createTopic(brokers), await createTopic(brokers)]
  for (const topic of topics) {
    for (let sent = 0; sent < records; sent += 10) {
      const messages = Array.from({ length: 10 }, () => ({ value: value() }))
      await produce(brokers, topic, messages)
    }
  }
  const memory = new ThreadMemory(1024 * 1024)
  const captures = await Promise.all(topics.map((topic) => openCapture(eventLog, archive.store, topic, { memory })))
  await Promise.all(captures.map((capture) => capture.run({ untilEnd: true }, new AbortController().signal)))
  for (const [index, topic] of topics.entries()) {
    const { totals } = captures[index]!
    assert.equal(totals.records, records)
    assert.ok(totals.segments > 1, 'one segment would have held more than there may be')
    assert.deepEqual(await findingsOf(archive.store, topic), [])
  }
  assert.equal(memory.pool.lentBytes, 0)
})
