import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { KafkaEventLog } from '../../src/adapters/kafka/index.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { UnavailableError } from '../../src/errors.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { EventLog, EventWriter } from '../../src/ports/event-log.ts'
import { ReplayService } from '../../src/replay/service.ts'
import { startKafka } from '../kit/kafka.ts'
import { archiveTopic, assertEmitted, freshName, plainParts, setStage, silentLog, smallUnits } from './kit.ts'

const unknownOutcome = (): UnavailableError =>
  new UnavailableError('commit-outcome-unknown', 'the answer to a commit was lost', { remedy: 'Open a new writer.' })

/** The real event log, but for its writers. */
function withWriters(eventLog: EventLog, openWriter: EventLog['openWriter']): EventLog {
  return new Proxy(eventLog, {
    get: (target, name) => {
      if (name === 'openWriter') return openWriter
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** The real event log, but some commits are not sent and of some the answer is lost. */
function withLostCommits(eventLog: EventLog): { eventLog: EventLog; failures: () => number } {
  let commits = 0
  let failures = 0
  const faulty = (writer: EventWriter): EventWriter => ({
    progress: writer.progress,
    write: (topic, partition, block) => writer.write(topic, partition, block),
    abort: () => writer.abort(),
    close: () => writer.close(),
    async commit(progress) {
      commits += 1
      const isLost = commits % 3 === 1
      const isUnsent = commits % 5 === 2
      if (!isUnsent) await writer.commit(progress)
      if (!isLost && !isUnsent) return
      failures += 1
      throw unknownOutcome()
    },
  })
  const openWriter: EventLog['openWriter'] = async (id) => faulty(await eventLog.openWriter(id))
  const faultyLog = withWriters(eventLog, openWriter)
  return { eventLog: faultyLog, failures: () => failures }
}

/** Lets time pass quickly: who sleeps is woken almost at once, and finds that the time has passed. */
class HastyClock implements Clock {
  passedMs = 0

  nowMs(): number {
    return Date.now() + this.passedMs
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.passedMs += ms
    await setTimeout(1, undefined, { signal })
  }
}

describe('a replay whose broker fails it', () => {
  it('emits every record once when commits get lost, and when only their answers do', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic)
    const { eventLog, failures } = withLostCommits(stage.eventLog)
    const clock = new HastyClock()
    const service = new ReplayService({
      ...plainParts,
      store: stage.store,
      eventLog,
      clock,
      log: silentLog,
      limits: smallUnits,
    })
    await service.create({ id, source: { topic }, target: { topic: target } })
    const status = await service.finished(id)
    assert.ok(failures() >= 4)
    assert.equal(status.progress?.rows, [...source.values()].flat().length)
    await assertEmitted(stage, target, source)
  })

  it('gives up when nothing gets through, says so, and goes on when asked again', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { partitions: 1, records: 100 })
    const clock = new HastyClock()
    const openWriter: EventLog['openWriter'] = () => Promise.reject(unknownOutcome())
    const eventLog = withWriters(stage.eventLog, openWriter)
    const limits = { ...smallUnits, maxTroubleMs: 60_000 }
    const service = new ReplayService({ ...plainParts, store: stage.store, eventLog, clock, log: silentLog, limits })
    const request = { id, source: { topic }, target: { topic: target } }
    await service.create(request)
    await assert.rejects(service.finished(id), UnavailableError)
    assert.equal((await service.get(id)).error?.code, 'commit-outcome-unknown')
    assert.ok(clock.passedMs >= 60_000, 'it waited as long as it was told to')
    await stage.service.create(request)
    await stage.service.finished(id)
    await assertEmitted(stage, target, source)
  })

  it('goes on after the broker was killed and came back', async (t) => {
    const kafka = await startKafka()
    t.after(() => kafka.stop())
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { records: 3_000, perCommit: 1_000 })
    const eventLog = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'replay-test' })
    t.after(() => eventLog.close())
    const clock = new SystemClock()
    const limits = { ...smallUnits, maxUnitRows: 100 }
    const service = new ReplayService({ ...plainParts, store: stage.store, eventLog, clock, log: silentLog, limits })
    await service.create({ id, source: { topic }, target: { topic: target } })
    const committed = Promise.withResolvers<void>()
    service.subscribe(id, ({ progress }) => {
      if ((progress?.rows ?? 0) > 1000) committed.resolve()
    })
    await Promise.race([committed.promise, service.finished(id)])
    await kafka.kill()
    assert.equal((await service.get(id)).state, 'running')
    await kafka.restart()
    const status = await service.finished(id)
    assert.equal(status.progress?.rows, [...source.values()].flat().length)
    await assertEmitted({ ...stage, brokers: kafka.brokers }, target, source)
  })
})
