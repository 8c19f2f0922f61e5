import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import {
  type Coldstream,
  createColdstream,
  type Phase,
  RebuildError,
  type RebuildThenFollowOptions,
  rebuildThenFollow,
  zstdCodec,
} from '../../src/client/index.ts'
import { independentClient } from '../adapters/kafka/judge.ts'
import { type Instance, startInstance } from '../connect/kit.ts'
import { deleteRecordsBelow } from '../kit/delete-records.ts'
import { type KafkaServer, startKafka } from '../kit/kafka.ts'
import { archiveTopic, createOrders, sendOrders } from '../kit/services.ts'

/** What a model holds: each order that was applied, with the phase it came in. */
class Model {
  readonly applied: { seq: number; phase: Phase }[] = []
  readonly phases: Phase[] = []
  readonly #waiting: { count: number; done: () => void }[] = []

  /** Resolves when so many orders were applied. */
  holds(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, done: resolve })
      this.#look()
    })
  }

  take(messages: readonly { value: Buffer | null }[], phase: Phase): void {
    for (const { value } of messages) this.applied.push({ seq: JSON.parse(String(value)).seq, phase })
    this.#look()
  }

  /** Numbers of the orders of a phase, ascending. */
  orders(phase?: Phase): number[] {
    const some = this.applied.filter((entry) => phase === undefined || entry.phase === phase)
    return some.map(({ seq }) => seq).sort((a, b) => a - b)
  }

  #look(): void {
    for (const { count, done } of this.#waiting) if (this.applied.length >= count) done()
  }
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, index) => from + index)

describe('rebuildThenFollow', () => {
  let kafka: KafkaServer
  let instance: Instance
  let client: Coldstream
  const running = new Set<AbortController>()

  before(async () => {
    kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = zstdCodec
    kafka = await startKafka()
    instance = await startInstance({ brokers: kafka.brokers })
    client = createColdstream({ url: instance.url })
  })
  // one that fails must not keep the process alive
  afterEach(() => {
    for (const stop of running) stop.abort()
    running.clear()
  })
  after(async () => {
    await instance?.close()
    await kafka?.stop()
  })

  it('applies every record once: the archive’s, then what came live meanwhile and comes later', async () => {
    const { topic, id } = await archived(40)
    await sendOrders(kafka.brokers, topic, 40, 60)
    const run = start(topic, id)
    await run.model.holds(60)
    await sendOrders(kafka.brokers, topic, 60, 70)
    await run.model.holds(70)
    assert.equal(await run.stop(), 'follow')
    assert.deepEqual(run.model.orders('rebuild'), upTo(40))
    assert.deepEqual(run.model.orders('follow'), upTo(70, 40))
    assert.deepEqual(run.model.phases, ['rebuild', 'follow'])
  })

  it('needs nothing of the source that is archived', async () => {
    const { topic, id } = await archived(40)
    for (const partition of [0, 1]) await deleteRecordsBelow(kafka, topic, 20, partition)
    await sendOrders(kafka.brokers, topic, 40, 44)
    const run = start(topic, id)
    await run.model.holds(44)
    await run.stop()
    assert.deepEqual(run.model.orders(), upTo(44))
  })

  it('does not rebuild again when it is started again, and needs no service then', async () => {
    const { topic, id } = await archived(40)
    const first = start(topic, id)
    await first.following
    await first.stop()
    await sendOrders(kafka.brokers, topic, 40, 50)
    const again = start(topic, id, { client: createColdstream({ url: 'http://127.0.0.1:1' }) })
    await again.model.holds(10)
    await again.stop()
    assert.deepEqual(again.model.orders(), upTo(50, 40))
    assert.deepEqual(again.model.phases, ['follow'])
    const byId = start(topic, id, { replay: id })
    await byId.following
    await byId.stop()
    assert.deepEqual(byId.model.applied, [])
  })

  it('puts a group that consumed the source before where the replay ended', async () => {
    const { topic, id } = await archived(40)
    const consumer = independentClient(kafka.brokers).consumer({ groupId: id })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined })
    await consumer.commitOffsets([0, 1].map((partition) => ({ topic, partition, offset: '3' })))
    await consumer.disconnect()
    await sendOrders(kafka.brokers, topic, 40, 50)
    const run = start(topic, id)
    await run.model.holds(50)
    await run.stop()
    assert.deepEqual(run.model.orders(), upTo(50))
  })

  it('ends with the error of the model, and goes on with what it had not taken', async () => {
    const { topic, id } = await archived(40)
    let runs = 0
    const failing = start(topic, id, {
      apply: () => {
        runs += 1
        throw new Error('no room')
      },
    })
    await assert.rejects(failing.ended, /no room/)
    assert.equal(runs, 1, 'it is not tried again by itself')
    const again = start(topic, id)
    await again.following
    await again.stop()
    assert.deepEqual(again.model.orders(), upTo(40))
  })

  it('goes on with the rebuild where it was stopped', async () => {
    const { topic, id } = await archived(40)
    const model = new Model()
    const first = start(topic, id, {
      consumer: { maxBytesPerPartition: 400 },
      apply: ({ messages }, phase) => {
        model.take(messages, phase)
        first.abort()
      },
    })
    assert.equal(await first.ended, 'rebuild')
    assert.ok(model.applied.length > 0 && model.applied.length < 40)
    const again = start(topic, id)
    await again.following
    await again.stop()
    assert.deepEqual(
      [...model.orders(), ...again.model.orders()].sort((a, b) => a - b),
      upTo(40),
    )
  })

  it('hands over once more when it ended before it followed, and applies nothing twice', async () => {
    const { topic, id } = await archived(40)
    let handedOver = 0
    const dying = createColdstream({ url: instance.url })
    dying.replays.commitHandover = async (...args) => {
      await client.replays.commitHandover(...args)
      handedOver += 1
      throw new Error('killed')
    }
    const first = start(topic, id, { client: dying })
    await assert.rejects(first.ended, /killed/)
    assert.equal(handedOver, 1)
    await sendOrders(kafka.brokers, topic, 40, 50)
    const again = start(topic, id)
    await again.model.holds(10)
    await again.stop()
    assert.deepEqual([first.model.orders(), again.model.orders()], [upTo(40), upTo(50, 40)])
    assert.deepEqual(again.model.phases, ['rebuild', 'follow'])
  })

  it('lets others join once it follows; until then they wait', async () => {
    const { topic, id } = await archived(40)
    const runs: ReturnType<typeof start>[] = []
    const first = start(topic, id, {
      apply: ({ messages }, phase) => {
        // in the middle of the rebuild
        if (runs.length === 0) runs.push(start(topic, id))
        first.model.take(messages, phase)
      },
    })
    await first.following
    const [second] = runs
    await second!.following
    await sendOrders(kafka.brokers, topic, 40, 60)
    const all = (): number[] => [...first.model.orders(), ...second!.model.orders()].sort((a, b) => a - b)
    while (all().length < 60) await Promise.race([sleep(20), first.ended, second!.ended])
    assert.deepEqual(all(), upTo(60))
    assert.deepEqual(first.model.orders('rebuild'), upTo(40))
    assert.deepEqual(second!.model.orders('rebuild'), [])
    await Promise.all([first.stop(), second!.stop()])
  })

  it('lets one join that came just when the rebuild had ended', async () => {
    const { topic, id } = await archived(40)
    let second: ReturnType<typeof start> | null = null
    const handover = onHandover(async (commit) => {
      // nobody is in the group now, and nothing says yet that it follows
      second = start(topic, id)
      await second.following
      await commit()
    })
    const first = start(topic, id, { client: handover })
    await first.following
    await sendOrders(kafka.brokers, topic, 40, 60)
    const all = (): number[] => [...first.model.orders(), ...second!.model.orders()].sort((a, b) => a - b)
    while (all().length < 60) await Promise.race([sleep(20), first.ended, second!.ended])
    assert.deepEqual(all(), upTo(60))
    assert.deepEqual(second!.model.orders('rebuild'), [])
    await Promise.all([first.stop(), second!.stop()])
  })

  it('says that it follows when it gets its partitions late, another member having had them', async () => {
    const { topic, id } = await archived(40)
    const other = await createOrders(kafka.brokers, 1)
    const stranger = independentClient(kafka.brokers).consumer({ groupId: id, maxWaitTimeInMs: 100 })
    const handover = onHandover(async (commit) => {
      await commit()
      // leads the group, and gives nobody a partition but those of its own topic
      const joined = new Promise((resolve) => stranger.on(stranger.events.GROUP_JOIN, resolve))
      await stranger.connect()
      await stranger.subscribe({ topic: other })
      await stranger.run({ eachMessage: async () => undefined })
      await joined
    })
    const first = start(topic, id, { client: handover })
    await first.following
    const admin = independentClient(kafka.brokers).admin()
    await admin.connect()
    const group = async () => (await admin.describeGroups([id])).groups[0]!
    while (await group().then(({ state, members }) => state !== 'Stable' || members.length < 2)) await sleep(50)
    await stranger.disconnect()
    await admin.disconnect()
    const second = start(topic, id)
    await second.following
    assert.deepEqual(second.model.phases, ['follow'])
    await Promise.all([first.stop(), second.stop()])
  })

  it('follows a topic that nothing is left of in the replay, and a partition that came after it', async () => {
    const { topic, id } = await archived(2)
    const run = start(topic, id)
    await run.following
    await run.stop()
    const admin = independentClient(kafka.brokers).admin()
    await admin.connect()
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
    await admin.disconnect()
    const producer = independentClient(kafka.brokers).producer()
    await producer.connect()
    await producer.send({ topic, messages: [{ partition: 2, value: JSON.stringify({ seq: 2 }) }] })
    await producer.disconnect()
    const again = start(topic, id)
    await again.model.holds(1)
    await again.stop()
    assert.deepEqual(again.model.orders(), [2])
  })

  it('refuses a replay that ends in time, and one that failed', async () => {
    const { topic, id } = await archived(10)
    const source = { topic, time: { to: '2025-01-14T09:05:00Z' } }
    const unfit = start(topic, id, { replay: { id, source, target: { topic: id } } })
    await assert.rejects(unfit.ended, codeOf('replay-unfit'))
    const other = `${id}-cancelled`
    const request = { id: other, source: { topic }, target: { topic: other } }
    await client.replays.create(request)
    const { state } = await client.replays.cancel(other).catch(() => client.replays.finished(other))
    if (state === 'cancelled') await assert.rejects(start(topic, id, { replay: other }).ended, codeOf('replay-ended'))
  })

  it('does not follow when the broker has deleted what comes next', async () => {
    const { topic, id } = await archived(10)
    const first = start(topic, id)
    await first.following
    await first.stop()
    await sendOrders(kafka.brokers, topic, 10, 20)
    await deleteRecordsBelow(kafka, topic, 7, 1)
    await assert.rejects(start(topic, id).ended, (error: unknown) => {
      assert.match(String(error), /offsets 5 to 6 of partition 1/)
      return codeOf('position-gone')(error)
    })
  })

  it('stops in good order before it began', async () => {
    const { topic, id } = await archived(10)
    assert.equal(await rebuildThenFollow({ ...optionsOf(topic, id), signal: AbortSignal.abort() }), 'rebuild')
  })

  const codeOf = (code: string) => (error: unknown) => error instanceof RebuildError && error.code === code

  async function archived(count: number): Promise<{ topic: string; id: string }> {
    const topic = await createOrders(kafka.brokers, count)
    await archiveTopic(instance.rig.services, topic)
    return { topic, id: `model-${randomUUID().slice(0, 8)}` }
  }

  function optionsOf(topic: string, id: string): Omit<RebuildThenFollowOptions, 'signal'> {
    return {
      client,
      kafka: independentClient(kafka.brokers),
      replay: { id, source: { topic }, target: { topic: `${id}-rebuilt` } },
      groupId: id,
      apply: () => undefined,
    }
  }

  /** A client, with something to be done around the commit of a hand-over. */
  function onHandover(around: (commit: () => Promise<unknown>) => Promise<void>): Coldstream {
    const own = createColdstream({ url: instance.url })
    const commit = own.replays.commitHandover.bind(own.replays)
    own.replays.commitHandover = async (...args) => {
      let done: ReturnType<typeof commit> | null = null
      await around(() => (done = commit(...args)))
      return await done!
    }
    return own
  }

  /** Runs it in the background, into a model of its own. */
  function start(topic: string, id: string, over: Partial<RebuildThenFollowOptions> = {}) {
    const model = new Model()
    const stop = new AbortController()
    running.add(stop)
    const following = Promise.withResolvers<void>()
    const ended = rebuildThenFollow({
      ...optionsOf(topic, id),
      apply: ({ messages }, phase) => model.take(messages, phase),
      onPhase: (phase) => {
        model.phases.push(phase)
        if (phase === 'follow') following.resolve()
      },
      ...over,
      signal: stop.signal,
    })
    ended.catch(following.reject)
    following.promise.catch(() => undefined)
    const abort = (): void => stop.abort()
    return {
      model,
      ended,
      following: following.promise,
      abort,
      stop: (): Promise<Phase> => {
        abort()
        return ended
      },
    }
  }
})
