import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { SystemClock } from '../../../src/adapters/system-clock.ts'
import { Webhook } from '../../../src/adapters/webhook.ts'
import type { Capture } from '../../../src/archive/capture.ts'
import { createHeadroomMonitor, type HeadroomParts } from '../../../src/archive/headroom/create.ts'
import type { HeadroomMonitor } from '../../../src/archive/headroom/monitor.ts'
import type { HeadroomReport, PartitionHeadroom } from '../../../src/archive/headroom/report.ts'
import { UnavailableError } from '../../../src/errors.ts'
import type { RetentionSource } from '../../../src/ports/retention.ts'
import { independentClient } from '../../adapters/kafka/judge.ts'
import { type AlertReceiver, alertReceiver } from '../../kit/alert-receiver.ts'
import { deleteRecordsBelow } from '../../kit/delete-records.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { createTestTopic, produceEach } from '../../kit/topics.ts'
import { captureToEnd, MemoryLog, openCapture, type TestArchive, testArchive } from '../kit.ts'

let server: KafkaServer
let brokers: string[]
let eventLog: KafkaEventLog
let archive: TestArchive
let receiver: AlertReceiver
let log: MemoryLog

before(async () => {
  server = await startKafka({ retentionCheckMs: 100, config: { 'log.segment.delete.delay.ms': '0' } })
  brokers = server.brokers
  eventLog = await KafkaEventLog.connect({ brokers, clientId: 'monitor-test' })
})
after(async () => {
  await eventLog.close()
  await server.stop()
})
beforeEach(async () => {
  archive = await testArchive()
  receiver = await alertReceiver()
  log = new MemoryLog()
})
afterEach(async () => {
  await receiver.close()
  await archive.remove()
})

function monitorOf(parts: Partial<HeadroomParts> = {}): HeadroomMonitor {
  return createHeadroomMonitor({
    broker: () => Promise.resolve({ eventLog, retention: eventLog.retention }),
    store: archive.store,
    log,
    thresholds: { warnShare: 0.5, criticalShare: 0.2 },
    groups: /^/,
    clock: new SystemClock(),
    intervalMs: 100,
    repeatMs: 0,
    captures: () => [],
    webhook: {
      sink: new Webhook({ url: receiver.url, secret: 'key', timeoutMs: 5_000 }),
      maxQueued: 100,
      maxAttempts: 100,
    },
    ...parts,
  })
}

/** Runs a monitor while `during` lasts. */
async function watching(monitor: HeadroomMonitor, during: () => Promise<void>): Promise<void> {
  const stop = new AbortController()
  const running = monitor.run(stop.signal)
  try {
    await during()
  } finally {
    stop.abort()
    await running
    await monitor.close()
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await holds()); await sleep(20)) {
    assert.ok(Date.now() < deadline, `${what}: it never came to that; told were ${JSON.stringify(receiver.alerts())}`)
  }
}

const told = (): string[] => receiver.alerts().map(({ id, state, level }) => `${state} ${level} ${id}`)
const isTold = (line: string) => until(line, () => told().includes(line))
const numbered = (count: number) => Array.from({ length: count }, (_, i) => ({ value: `v${i}` }))
const headroomOf = (report: HeadroomReport, topic: string): PartitionHeadroom =>
  report.topics.find((found) => found.topic === topic)!.partitions[0]!

describe('retention by age that overtakes the archive', () => {
  it('is predicted no later than it comes; warned of, critical, lost, and over when capture went on behind it', async () => {
    const topic = await createTestTopic(brokers, { 'retention.ms': '5000', 'segment.ms': '100' })
    await produceEach(brokers, topic, numbered(5))
    await captureToEnd(eventLog, archive.store, topic)
    receiver.answers.push(503, 0, 500)
    const monitor = monitorOf()
    const predictedMs: number[] = []
    const id = `headroom/${topic}/0`
    await watching(monitor, async () => {
      await produceEach(brokers, topic, numbered(5))
      await until('lost', async () => {
        const found = headroomOf(await monitor.look(), topic)
        if (found.level !== 'lost' && found.timeToLossMs !== null) {
          predictedMs.push(monitor.latest!.atMs + found.timeToLossMs)
        }
        return found.level === 'lost'
      })
      const lostMs = Date.now()
      assert.ok(predictedMs.length > 0)
      assert.ok(Math.max(...predictedMs) <= lostMs, 'the broker deleted before the predicted time')
      await isTold(`firing lost ${id}`)
      await until('everything deleted', async () => headroomOf(await monitor.look(), topic).logStart === 10n)
      await captureToEnd(eventLog, archive.store, topic)
      await isTold(`resolved lost ${id}`)
      await isTold(`firing critical data-lost/${topic}/1/0/5-9`)
    })
    const ofHeadroom = told().filter((line) => line.endsWith(id))
    assert.deepEqual(ofHeadroom.slice(-2), [`firing lost ${id}`, `resolved lost ${id}`])
    // how many steps a busy machine sees is its affair: each is worse than the one before, and the loss was announced
    const steps = ['warn', 'critical', 'lost'].map((level) => `firing ${level} ${id}`)
    assert.deepEqual(
      ofHeadroom.slice(0, -1),
      steps.filter((step) => ofHeadroom.includes(step)),
    )
    assert.ok(ofHeadroom.length >= 3, ofHeadroom.join(', '))
    const lost = receiver.alerts().find(({ kind }) => kind === 'data-lost')!
    assert.deepEqual(lost.lost, { firstOffset: '5', lastOffset: '9' })
    assert.equal(told().filter((line) => line.includes('data-lost')).length, 1)
    assert.deepEqual(monitor.lostOffsets, [{ topic, partition: 0, offsets: 5n }])
    assert.equal(monitor.deliveries?.failedAttempts, 3)
    assert.equal(monitor.deliveries?.failed, 0)
    assert.ok(
      receiver.accepted.every(({ headers }) => /^sha256=[0-9a-f]{64}$/.test(`${headers['x-coldstream-signature']}`)),
    )
    assert.ok(log.lines.some((line) => line.startsWith('error') && line.includes('offsets 5 to 9')))
  })
})

describe('retention by size', () => {
  it('comes nearer with what is appended; what fits the limit stays', async () => {
    const limit = 4 * 1024 * 1024
    const topic = await createTestTopic(brokers, {
      'retention.ms': '-1',
      'retention.bytes': String(limit),
      'segment.bytes': String(1024 * 1024),
    })
    const append = (halfMegabytes: number) =>
      produceEach(
        brokers,
        topic,
        Array.from({ length: halfMegabytes }, () => ({ value: 'v'.repeat(500 * 1024) })),
      )
    await append(1)
    await captureToEnd(eventLog, archive.store, topic)
    const monitor = monitorOf({ webhook: null })
    await append(2)
    const begun = headroomOf(await monitor.look(), topic)
    assert.equal(begun.level, 'ok')
    assert.ok(begun.timeToLossMs !== null && begun.timeToLossMs > 0)
    await append(3)
    const warned = headroomOf(await monitor.look(), topic)
    assert.equal(warned.level, 'warn')
    await append(2)
    const critical = headroomOf(await monitor.look(), topic)
    assert.equal(critical.level, 'critical')
    // nothing is gone before the limit is passed
    assert.equal(critical.logStart, 0n)
    await append(12)
    await until('lost', async () => headroomOf(await monitor.look(), topic).level === 'lost')
    assert.ok(headroomOf(monitor.latest!, topic).lostRecords > 0n)
  })
})

describe('records that someone deletes', () => {
  it('before they are archived are a loss with its exact offsets, also where nothing limits the topic', async () => {
    const topic = await createTestTopic(brokers, { 'retention.ms': '-1' })
    await produceEach(brokers, topic, numbered(4))
    await captureToEnd(eventLog, archive.store, topic)
    await produceEach(brokers, topic, numbered(6))
    const captures: { connector: string; capture: Capture }[] = []
    const monitor = monitorOf({ captures: () => captures })
    await watching(monitor, async () => {
      const { timeToLossMs, shareLeft, level, pendingRecords } = headroomOf(await monitor.look(), topic)
      const unlimited = { timeToLossMs: null, shareLeft: null, level: 'ok', pendingRecords: 6n }
      assert.deepEqual({ timeToLossMs, shareLeft, level, pendingRecords }, unlimited)
      await deleteRecordsBelow(server, topic, 7)
      await isTold(`firing lost headroom/${topic}/0`)
      const capture = await openCapture(eventLog, archive.store, topic, { config: { 'rotate.idle.ms': 50 } })
      captures.push({ connector: `test-${topic}`, capture })
      const stop = new AbortController()
      const running = capture.run({ untilEnd: false }, stop.signal)
      await isTold(`firing critical data-lost/${topic}/1/0/4-6`)
      await isTold(`resolved lost headroom/${topic}/0`)
      await until('capture goes on', () => headroomOf(monitor.latest!, topic).archived === 10n)
      stop.abort()
      await running
    })
  })

  it('again and again come nearer, although nothing limits the topic', async () => {
    const topic = await createTestTopic(brokers, { 'retention.ms': '-1' })
    await produceEach(brokers, topic, numbered(60))
    await captureToEnd(eventLog, archive.store, topic)
    await produceEach(brokers, topic, numbered(40))
    const monitor = monitorOf({ webhook: null })
    const afterDeleting = async (below: number): Promise<PartitionHeadroom> => {
      await deleteRecordsBelow(server, topic, below)
      return headroomOf(await monitor.look(), topic)
    }
    await monitor.look()
    assert.equal((await afterDeleting(10)).timeToLossMs, null, 'one deletion is no habit')
    const again = await afterDeleting(20)
    assert.ok(again.timeToLossMs !== null && again.timeToLossMs > 0)
    assert.deepEqual([again.shareLeft, again.level], [0.5, 'warn'])
    const nearer = await afterDeleting(50)
    assert.deepEqual([nearer.shareLeft, nearer.level], [0.2, 'critical'])
  })

  it('a loss that was committed while nobody watched is told by the next who does, once', async () => {
    const topic = await createTestTopic(brokers, { 'retention.ms': '-1' })
    await produceEach(brokers, topic, numbered(2))
    await captureToEnd(eventLog, archive.store, topic)
    await produceEach(brokers, topic, numbered(2))
    await deleteRecordsBelow(server, topic, 3)
    await captureToEnd(eventLog, archive.store, topic)
    const monitor = monitorOf()
    await watching(monitor, async () => {
      await isTold(`firing critical data-lost/${topic}/1/0/2-2`)
      await monitor.look()
      await monitor.look()
    })
    assert.equal(told().length, 1)
  })
})

describe('a group that lags', () => {
  it('is told from where the archive can replay what it is about to lose, and when it has caught up', async () => {
    const topic = await createTestTopic(brokers, { 'retention.ms': '86400000' }, 2)
    const oldMs = Date.now() - 80_000_000
    await produceEach(
      brokers,
      topic,
      Array.from({ length: 10 }, (_, i) => ({ value: `v${i}`, partition: i % 2, timestampMs: oldMs + i * 1_000 })),
    )
    await captureToEnd(eventLog, archive.store, topic)
    const [slow, ignored] = [`slow-${topic}`, `ignored-${topic}`]
    await eventLog.acknowledge(ignored, [{ topic, partition: 0, next: 0n }])
    const consumer = independentClient(brokers).consumer({ groupId: slow, maxWaitTimeInMs: 250 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
    await consumer.run({ autoCommit: false, eachMessage: () => Promise.resolve() })
    await joined
    const commit = (...offsets: string[]) =>
      consumer.commitOffsets(offsets.map((offset, partition) => ({ topic, partition, offset })))
    await commit('3', '5')
    const monitor = monitorOf({ groups: /^slow-.*$/ })
    const id = `group-headroom/${slow}/${topic}/0`
    await watching(monitor, async () => {
      await isTold(`firing critical ${id}`)
      const { groups, partitions } = monitor.latest!.topics.find((found) => found.topic === topic)!
      assert.deepEqual(
        groups.map(({ group, partition, position, pendingRecords, level }) => [
          group,
          partition,
          position,
          pendingRecords,
          level,
        ]),
        [
          [slow, 0, 3n, 2n, 'critical'],
          [slow, 1, 5n, 0n, 'ok'],
        ],
      )
      // the archive itself has everything
      assert.ok(partitions.every(({ level }) => level === 'ok'))
      await deleteRecordsBelow(server, topic, 4)
      await isTold(`firing lost ${id}`)
      await commit('5', '5')
      await isTold(`resolved lost ${id}`)
    })
    await consumer.disconnect()
    const [critical, lost] = receiver.alerts()
    assert.equal(critical?.group, slow)
    for (const { remedy } of [critical!, lost!]) {
      assert.match(
        remedy,
        /coldstream replay topic-\w+ --to <new topic> --partitions 0 --from-offset 0:3 --until-offset 0:5/,
      )
    }
    assert.match(lost!.summary, /offsets 3 to 3 were deleted from the broker/)
    assert.equal(told().length, 3)
  })
})

describe('what cannot be seen', () => {
  const denied = () =>
    Promise.reject(new UnavailableError('broker-permission-denied', 'not allowed', { remedy: 'allow it' }))
  const without = (missing: Partial<RetentionSource>): RetentionSource => ({
    limits: (topic) => eventLog.retention.limits(topic),
    extents: (topic, partitions) => eventLog.retention.extents(topic, partitions),
    timestampsAt: (topic, places) => eventLog.retention.timestampsAt(topic, places),
    sizes: (topics) => eventLog.retention.sizes(topics),
    groupPositions: (topics) => eventLog.retention.groupPositions(topics),
    ...missing,
  })

  it('for want of a permission is said once, and the rest goes on', async () => {
    const topic = await createTestTopic(brokers, { 'retention.ms': '3600000', 'retention.bytes': '1000' })
    await produceEach(brokers, topic, numbered(1))
    await captureToEnd(eventLog, archive.store, topic)
    await produceEach(brokers, topic, numbered(1))
    const retention = without({ sizes: denied, groupPositions: denied })
    const monitor = monitorOf({ broker: () => Promise.resolve({ eventLog, retention }) })
    for (let round = 0; round < 3; round += 1) {
      const report = await monitor.look()
      assert.equal(report.groupsKnown, false)
      const { level, shareLeft } = headroomOf(report, topic)
      assert.equal(level, 'ok')
      assert.ok(shareLeft! > 0.9, 'by age alone')
    }
    assert.deepEqual(log.lines, Array(2).fill('warn headroom goes on without what it is not told'))
  })

  it('of one topic leaves the others, and resolves nothing', async () => {
    const config = { 'retention.ms': '86400000' }
    const [good, bad] = [await createTestTopic(brokers, config), await createTestTopic(brokers, config)]
    for (const topic of [good, bad]) {
      await produceEach(brokers, topic, [{ value: 'v' }])
      await captureToEnd(eventLog, archive.store, topic)
      await produceEach(brokers, topic, [{ value: 'v', timestampMs: Date.now() - 80_000_000 }])
    }
    let isHidden = false
    const retention = without({
      limits: (topic) => (isHidden && topic === bad ? denied() : eventLog.retention.limits(topic)),
    })
    const monitor = monitorOf({ broker: () => Promise.resolve({ eventLog, retention }) })
    await watching(monitor, async () => {
      await isTold(`firing critical headroom/${bad}/0`)
      isHidden = true
      await until('hidden', () => monitor.latest!.failures.length > 0)
      assert.deepEqual(
        monitor.latest!.failures.map(({ topic, code }) => [topic, code]),
        [[bad, 'broker-permission-denied']],
      )
      await captureToEnd(eventLog, archive.store, good)
      await captureToEnd(eventLog, archive.store, bad)
      await isTold(`resolved critical headroom/${good}/0`)
      assert.ok(!told().includes(`resolved critical headroom/${bad}/0`))
      isHidden = false
      await isTold(`resolved critical headroom/${bad}/0`)
    })
    assert.equal(log.lines.filter((line) => line.includes('cannot be told')).length, 1)
  })

  it('while the broker is away is logged when it begins and when it ends', async () => {
    let isAway = true
    const away = new UnavailableError('broker-unreachable', 'away', { remedy: 'wait' })
    const broker = () => (isAway ? Promise.reject(away) : Promise.resolve({ eventLog, retention: eventLog.retention }))
    const monitor = monitorOf({ broker, intervalMs: 10 })
    await assert.rejects(monitor.current(), away)
    await watching(monitor, async () => {
      await until('logged', () => log.lines.length > 0)
      await sleep(50)
      isAway = false
      await until('logged', () => log.lines.length > 1)
    })
    assert.deepEqual(log.lines, [
      'error headroom cannot be watched; it will be tried again',
      'info headroom is watched again',
    ])
  })
})
