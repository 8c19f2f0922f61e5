import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { KafkaEventLog } from '../src/adapters/kafka/index.ts'
import type { Capture } from '../src/archive/capture.ts'
import { parseConnector } from '../src/archive/connector/parse.ts'
import type { ToThread } from '../src/archive/shard/thread/messages.ts'
import type { ShardRequest } from '../src/capture-thread.ts'
import { CaptureThreads } from '../src/capture-threads.ts'
import { findingsOf, MemoryLog, openCapture, rowsInFolder, type TestArchive, testArchive } from './archive/kit.ts'
import { createTopic, numbered, produce } from './archive/topic-kit.ts'
import { sharedKafka } from './kit/kafka.ts'

const module = new URL('../src/capture-thread.ts', import.meta.url)
const memoryMaxBytes = 64 * 1024 * 1024

let brokers: string[]
let eventLog: KafkaEventLog
let archive: TestArchive
const open: CaptureThreads[] = []

before(async () => {
  brokers = await sharedKafka()
  eventLog = await KafkaEventLog.connect({ brokers, clientId: 'capture-threads-test' })
})
after(() => eventLog.close())
beforeEach(async () => {
  archive = await testArchive()
})
afterEach(async () => {
  for (const threads of open.splice(0)) await threads.close()
  await archive.remove()
})

/** Threads, with the workers that they started so far and what those were told of their memory. */
class WatchedThreads {
  readonly workers: Worker[] = []
  readonly limits: number[] = []
  readonly log = new MemoryLog()
  readonly threads: CaptureThreads

  constructor(most: number, resourceLimits = {}) {
    const kafka = { brokers, clientId: 'capture-threads-test' }
    const options = { kafka, logLevel: 'silent', threads: most, memoryMaxBytes, log: this.log } as const
    this.threads = new CaptureThreads(options, (workerData) => {
      const worker = new Worker(module, { workerData, resourceLimits })
      const index = this.workers.push(worker) - 1
      const post = worker.postMessage.bind(worker)
      worker.postMessage = (message: ToThread<ShardRequest>, ...rest) => {
        if (message.kind === 'limit-memory') this.limits[index] = message.maxBytes
        post(message, ...(rest as []))
      }
      return worker
    })
    open.push(this.threads)
  }

  /** A capture on them, which sees to it that they are closed when it could not be opened. */
  capture(topic: string, url = pathToFileURL(archive.folder).href): Promise<Capture> {
    const connector = parseConnector({ name: `test-${topic}`, topics: topic }, 'test')
    const shards = this.threads.shardsOf(connector, { url, s3: {} })
    return openCapture(eventLog, archive.store, topic, { connector, shards })
  }

  async captureToEnd(topic: string): Promise<number> {
    const capture = await this.capture(topic)
    const { records } = await capture.run({ untilEnd: true }, new AbortController().signal)
    return records
  }
}

async function topicOf(count: number, partitions: number): Promise<string> {
  const topic = await createTopic(brokers, { partitions })
  const messages = numbered(count).map((message, index) => ({ ...message, partition: index % partitions }))
  await produce(brokers, topic, messages)
  return topic
}

/** Waits until a capture has read so many records; its failure ends the wait. */
async function hasRead(capture: Capture, records: bigint, run: Promise<unknown>): Promise<void> {
  const ended = run.then(() => Promise.reject(new Error('the capture ended')))
  ended.catch(() => undefined)
  const read = () => capture.status().reduce((sum, { position }) => sum + position, 0n)
  while (read() < records) await Promise.race([sleep(10), ended])
}

async function archivedOnce(topic: string): Promise<number> {
  assert.deepEqual(await findingsOf(archive.store, topic), [])
  const rows = (await rowsInFolder(archive.folder)).filter(({ file }) => file.startsWith(`topics/${topic}/`))
  assert.equal(new Set(rows.map(({ partition, offset }) => `${partition}:${offset}`)).size, rows.length)
  return rows.length
}

describe('the threads of a process', () => {
  it('serve all captures, also several at a time', async () => {
    const watched = new WatchedThreads(2)
    const topics = await Promise.all([topicOf(400, 4), topicOf(300, 3), topicOf(100, 1)])
    assert.deepEqual(await Promise.all(topics.map((topic) => watched.captureToEnd(topic))), [400, 300, 100])
    assert.equal(watched.workers.length, 2)
    for (const [index, topic] of topics.entries()) assert.equal(await archivedOnce(topic), [400, 300, 100][index])
  })

  it('serve the next capture when one has ended', async () => {
    const watched = new WatchedThreads(2)
    const [first, second] = [await topicOf(50, 1), await topicOf(60, 1)]
    assert.equal(await watched.captureToEnd(first), 50)
    assert.equal(await watched.captureToEnd(second), 60)
    assert.equal(watched.workers.length, 1)
  })

  it('share the memory: those that have work, evenly', async () => {
    const watched = new WatchedThreads(2)
    const [wide, narrow] = [await topicOf(10, 2), await topicOf(10, 1)]
    const stop = new AbortController()
    const capture = await watched.capture(narrow)
    assert.deepEqual(watched.limits, [memoryMaxBytes])
    const run = capture.run({ untilEnd: false }, stop.signal)
    await hasRead(capture, 10n, run)
    assert.equal(await watched.captureToEnd(wide), 10)
    assert.equal(watched.limits[1], memoryMaxBytes / 2)
    stop.abort()
    await run
    assert.deepEqual(watched.limits, [memoryMaxBytes, memoryMaxBytes / 2])
  })

  it('are told to their captures when one dies, and replaced when the next capture comes', async () => {
    const watched = new WatchedThreads(1)
    const topics = [await topicOf(40, 2), await topicOf(30, 1)]
    const runs: Promise<unknown>[] = []
    for (const [index, topic] of topics.entries()) {
      const capture = await watched.capture(topic)
      runs[index] = capture.run({ untilEnd: false }, new AbortController().signal)
      runs[index].catch(() => undefined)
      await hasRead(capture, index === 0 ? 40n : 30n, runs[index])
    }
    await watched.workers[0]!.terminate()
    for (const run of runs) {
      await assert.rejects(run, { code: 'capture-thread-ended', message: /ended with code 1/, remedy: /read again/ })
    }
    assert.deepEqual(watched.log.lines, ['error a capture thread is gone'])
    assert.deepEqual(await Promise.all(topics.map((topic) => watched.captureToEnd(topic))), [40, 30])
    assert.equal(watched.workers.length, 2)
    for (const [index, topic] of topics.entries()) assert.equal(await archivedOnce(topic), [40, 30][index])
  })

  it('say when there is not enough memory for one', async () => {
    const watched = new WatchedThreads(1, { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 })
    const topic = await topicOf(10, 1)
    await assert.rejects(watched.captureToEnd(topic), { code: 'capture-thread-ended', message: /memory/ })
  })

  it('go on with the others when a capture’s store cannot be opened', async () => {
    const watched = new WatchedThreads(1)
    const topic = await topicOf(10, 1)
    const stop = new AbortController()
    const capture = await watched.capture(topic)
    const run = capture.run({ untilEnd: false }, stop.signal)
    await hasRead(capture, 10n, run)
    const refused = await watched.capture(topic, 'file:///dev/null/archive')
    await assert.rejects(refused.run({ untilEnd: true }, new AbortController().signal), (error: Error) => {
      assert.match(error.message, /\/dev\/null\/archive/)
      return true
    })
    stop.abort()
    await run
    assert.equal(await archivedOnce(topic), 10)
    assert.equal(watched.workers.length, 1)
  })

  it('keep no process from ending, and are closed with a capture that was never run', async () => {
    const watched = new WatchedThreads(1)
    await watched.capture(await topicOf(1, 1))
    await watched.threads.close()
    assert.equal(watched.workers[0]!.threadId, -1)
  })
})
