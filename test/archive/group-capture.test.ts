import assert from 'node:assert/strict'
import { afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaEventLog } from '../../src/adapters/kafka/index.ts'
import type { Capture } from '../../src/archive/capture.ts'
import { parseConnector } from '../../src/archive/connector/parse.ts'
import { UnavailableError } from '../../src/errors.ts'
import { independentClient, readCommitted } from '../adapters/kafka/judge.ts'
import { sharedKafka } from '../kit/kafka.ts'
import {
  type CaptureSettings,
  findingsOf,
  MemoryLog,
  openCapture,
  rowsInFolder,
  type TestArchive,
  testArchive,
} from './kit.ts'
import { createTopic, numbered, produce } from './topic-kit.ts'

let brokers: string[]
let archive: TestArchive
const running: RunningCapture[] = []

before(async () => {
  brokers = await sharedKafka()
})
beforeEach(async () => {
  archive = await testArchive()
})
afterEach(async () => {
  for (const capture of running.splice(0)) await capture.stop().catch(() => undefined)
  await archive.remove()
})

/** A capture that runs until it is stopped, with connections of its own as another instance has them. */
class RunningCapture {
  readonly capture: Capture
  readonly log: MemoryLog
  readonly ended: Promise<unknown>
  readonly #stop = new AbortController()
  readonly #eventLog: KafkaEventLog

  constructor(capture: Capture, log: MemoryLog, eventLog: KafkaEventLog) {
    this.capture = capture
    this.log = log
    this.#eventLog = eventLog
    this.ended = capture.run({ untilEnd: false }, this.#stop.signal)
    this.ended.catch(() => undefined)
  }

  /** Partitions that it captures now, as `topic-partition`, sorted. */
  get partitions(): string[] {
    return this.capture
      .status()
      .map(({ topic, partition }) => `${topic}-${partition}`)
      .sort()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    try {
      await this.ended
    } finally {
      await this.#eventLog.close()
    }
  }
}

async function start(topic: string, settings: CaptureSettings = {}): Promise<RunningCapture> {
  const eventLog = await KafkaEventLog.connect({ brokers, clientId: 'group-capture-test' })
  const log = new MemoryLog()
  const config = { 'rotate.idle.ms': 300, ...settings.config }
  const capture = await openCapture(eventLog, archive.store, topic, { log, ...settings, config })
  const started = new RunningCapture(capture, log, eventLog)
  running.push(started)
  return started
}

/** Waits for what a running capture brings about; its own failure ends the wait. */
async function until(what: string, holds: () => boolean | Promise<boolean>, ...captures: RunningCapture[]) {
  const failures = captures.map(({ ended }) => ended.then(() => Promise.reject(new Error(`ended before: ${what}`))))
  for (const failure of failures) failure.catch(() => undefined)
  while (!(await holds())) await Promise.race([sleep(20), ...failures])
}

const archived = (topic: string, offset: bigint, ...captures: RunningCapture[]) =>
  until(
    `${topic} archived up to ${offset}`,
    () =>
      captures
        .flatMap(({ capture }) => capture.status())
        .filter((status) => status.topic === topic)
        .reduce((sum, status) => sum + status.archived, 0n) >= offset,
    ...captures,
  )

/** Every record that an independent consumer sees is in one row, and every offset is accounted for. */
async function assertArchivedOnce(topic: string): Promise<void> {
  const seen = await readCommitted(brokers, topic)
  const rows = (await rowsInFolder(archive.folder)).filter(({ file }) => file.startsWith(`topics/${topic}/`))
  const places = (all: readonly { partition: number; offset: bigint }[]) =>
    all.map(({ partition, offset }) => `${partition}:${offset}`).sort()
  assert.deepEqual(places(rows), places(seen))
  assert.deepEqual(await findingsOf(archive.store, topic), [])
}

describe('captures of one connector', () => {
  it('divide the partitions, hand them over with nothing lost or twice, and take over what one leaves', async () => {
    const topic = await createTopic(brokers, { partitions: 4 })
    const load = async (from: number) => {
      const messages = numbered(400, 0, from).map((message, index) => ({ ...message, partition: index % 4 }))
      await produce(brokers, topic, messages)
    }
    const first = await start(topic)
    await until('the first has all', () => first.partitions.length === 4, first)
    await load(0)
    const second = await start(topic)
    await load(400)
    await until('each has half', () => first.partitions.length === 2 && second.partitions.length === 2, first, second)
    assert.deepEqual(
      [...first.partitions, ...second.partitions].sort(),
      [0, 1, 2, 3].map((n) => `${topic}-${n}`),
    )
    await load(800)
    await first.stop()
    await until('the second has all', () => second.partitions.length === 4, second)
    await load(1200)
    await archived(topic, 1600n, second)
    await assertArchivedOnce(topic)
    for (const { log } of [first, second]) {
      assert.ok(!log.lines.some((line) => line.includes('another writer')), log.lines.join('\n'))
    }
  })

  it('tell lag tools how far they are, in the name of their group', async () => {
    const topic = await createTopic(brokers)
    await produce(brokers, topic, numbered(10))
    const capture = await start(topic)
    await archived(topic, 10n, capture)
    const admin = independentClient(brokers).admin()
    await admin.connect()
    const committed = async () => {
      const [told] = await admin.fetchOffsets({ groupId: `connect-test-${topic}`, topics: [topic] })
      return told?.partitions[0]?.offset
    }
    await until('the offset is committed', async () => (await committed()) === '10', capture)
    await admin.disconnect()
  })
})

describe('a connector with a pattern', () => {
  it('takes topics and partitions that come while it runs, and no others', async () => {
    const prefix = `chosen-${Date.now()}`
    const early = await createTopic(brokers, { prefix })
    const other = await createTopic(brokers, { prefix: 'other' })
    await produce(brokers, early, numbered(5))
    await produce(brokers, other, numbered(5))
    const pattern = { 'topics.regex': `${prefix}-.*`, 'rotate.idle.ms': 300 }
    const connector = parseConnector({ name: prefix, ...pattern }, 'test')
    const capture = await start('unused', { connector })
    await archived(early, 5n, capture)
    const late = await createTopic(brokers, { prefix })
    await produce(brokers, late, numbered(7))
    await archived(late, 7n, capture)
    const admin = independentClient(brokers).admin()
    await admin.connect()
    await admin.createPartitions({ topicPartitions: [{ topic: early, count: 2 }] })
    await admin.disconnect()
    await until('the new partition is taken', () => capture.partitions.includes(`${early}-1`), capture)
    await produce(
      brokers,
      early,
      numbered(3).map((message) => ({ ...message, partition: 1 })),
    )
    await archived(early, 8n, capture)
    assert.deepEqual(capture.partitions, [`${early}-0`, `${early}-1`, `${late}-0`].sort())
    await assertArchivedOnce(early)
    await assertArchivedOnce(late)
  })
})

describe('a topic that is deleted and created again while it is captured', () => {
  it('goes on as another incarnation', async () => {
    const topic = await createTopic(brokers)
    await produce(brokers, topic, numbered(4))
    const capture = await start(topic)
    await archived(topic, 4n, capture)
    const admin = independentClient(brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    while ((await admin.listTopics()).includes(topic)) await sleep(50)
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    await admin.disconnect()
    await produce(
      brokers,
      topic,
      numbered(3, 0, 100).map((message) => ({ ...message, timestamp: String(Date.now()) })),
    )
    const values = async () => (await rowsInFolder(archive.folder)).map(({ value }) => value).sort()
    await until('the new records are archived', async () => (await values()).length === 7, capture)
    assert.deepEqual(await values(), ['v0', 'v1', 'v100', 'v101', 'v102', 'v2', 'v3'])
    assert.deepEqual(await findingsOf(archive.store, topic), [])
  })
})

describe('records that cannot be archived', () => {
  const config = { 'timestamp.extractor': 'RecordField', 'timestamp.field': 'at' }
  const dated = (at: number) => ({ value: JSON.stringify({ at: Date.UTC(2025, 0, 14, 9, at) }) })

  it('stop their partition alone, with everything before them archived', async () => {
    const topic = await createTopic(brokers, { partitions: 2 })
    await produce(brokers, topic, [dated(1), dated(2), { key: 'bad', value: 'no JSON' }, dated(3)])
    await produce(
      brokers,
      topic,
      [1, 2, 3].map((at) => ({ ...dated(at), partition: 1 })),
    )
    const capture = await start(topic, { config })
    await until('the fault is told', () => capture.capture.tasks().some(({ error }) => error !== null), capture)
    const [failure] = capture.capture.tasks().flatMap(({ error }) => error ?? [])
    assert.match(String(failure), /offset 2\b/)
    await produce(brokers, topic, [{ ...dated(4), partition: 1 }])
    await archived(topic, 4n, capture)
    const rows = (await rowsInFolder(archive.folder)).map(({ partition, offset }) => `${partition}:${offset}`)
    assert.deepEqual(rows.sort(), ['0:0', '0:1', '1:0', '1:1', '1:2', '1:3'])
    await assert.rejects(capture.stop(), { code: 'timestamp-field-unreadable' })
  })

  it('are a named gap and a dead letter where the connector tolerates errors', async () => {
    const topic = await createTopic(brokers)
    const deadLetterTopic = await createTopic(brokers, { prefix: 'dead-letters' })
    await produce(brokers, topic, [
      dated(1),
      { key: 'bad', value: 'no JSON', headers: { trace: 't1' } },
      dated(2),
      { key: 'worse', value: '{}' },
    ])
    const connector = parseConnector({ name: `test-${topic}`, topics: topic, 'rotate.idle.ms': 300, ...config }, 'test')
    const capture = await start(topic, { connector: { ...connector, errors: { tolerance: 'all', deadLetterTopic } } })
    await archived(topic, 4n, capture)
    assert.deepEqual(
      (await rowsInFolder(archive.folder)).map(({ offset }) => offset),
      [0n, 2n],
    )
    assert.deepEqual(await findingsOf(archive.store, topic), [])
    const letters = await readCommitted(brokers, deadLetterTopic)
    assert.deepEqual(
      letters.map(({ key, value }) => [String(key), String(value)]),
      [
        ['bad', 'no JSON'],
        ['worse', '{}'],
      ],
    )
  })

  it('wait for partitions that the group gave while the broker was away, however often that is asked', async () => {
    const topic = await createTopic(brokers)
    await produce(brokers, topic, numbered(3))
    const eventLog = await KafkaEventLog.connect({ brokers, clientId: 'group-capture-test' })
    const log = new MemoryLog()
    const capture = await openCapture(eventLog, archive.store, topic, { log, config: { 'rotate.idle.ms': 300 } })
    const describeTopics = eventLog.describe.bind(eventLog)
    let failures = 0
    eventLog.describe = async (topics) => {
      failures += 1
      if (failures > 2) return describeTopics(topics)
      throw new UnavailableError('broker-unavailable', 'the broker does not answer', { remedy: 'wait' })
    }
    const started = new RunningCapture(capture, log, eventLog)
    running.push(started)
    await archived(topic, 3n, started)
    assert.ok(failures > 2)
    await assertArchivedOnce(topic)
  })

  it('leave tombstones out, as named gaps, where the connector says so', async () => {
    const topic = await createTopic(brokers)
    await produce(brokers, topic, [...numbered(2), { key: 'k0', value: null }, ...numbered(1)])
    const connector = parseConnector({ name: `test-${topic}`, topics: topic, 'rotate.idle.ms': 300 }, 'test')
    const capture = await start(topic, { connector: { ...connector, nullValues: 'ignore' } })
    await archived(topic, 4n, capture)
    assert.deepEqual(
      (await rowsInFolder(archive.folder)).map(({ offset }) => offset),
      [0n, 1n, 3n],
    )
    assert.deepEqual(await findingsOf(archive.store, topic), [])
  })
})
