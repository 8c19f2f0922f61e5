import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { AbortedError, ConflictError, DamagedDataError, NotFoundError } from '../../src/errors.ts'
import { Handovers } from '../../src/replay/handover/service.ts'
import type { ReplayStatus } from '../../src/replay/status.ts'
import { readCommitted } from '../adapters/kafka/judge.ts'
import { archiveCommit, sourceRecord } from './archive.ts'
import { archiveTopic, assertEmitted, freshName, setStage, smallUnits } from './kit.ts'

const codeOf = (code: string) => (error: unknown) => (error as { code?: string }).code === code

const everything = { state: null, source: null, target: null, limit: 50, after: null }

describe('the replay service', () => {
  it('emits every archived record once, in order per partition, byte for byte, into a topic it creates', async (t) => {
    const stage = await setStage(t)
    const [topic, target] = [freshName('orders'), freshName('replayed')]
    const source = await archiveTopic(stage.store, topic)
    const created = await stage.service.create({ source: { topic }, target: { topic: target } })
    const status = await stage.service.finished(created.id)
    assert.equal(status.state, 'completed')
    assert.equal(status.progress?.rows, [...source.values()].flat().length)
    assert.deepEqual(
      status.progress?.partitions.map(({ partition, next, firstOffset, lastOffset }) => [
        partition,
        next,
        firstOffset,
        lastOffset,
      ]),
      [0, 1, 2].map((partition) => [partition, '2000', '0', '1999']),
    )
    await assertEmitted(stage, target, source)
    assert.equal((await stage.eventLog.inspectTarget(target))?.partitions, 3)
  })

  it('emits exactly the window of times, partitions and offsets that was asked for', async (t) => {
    const stage = await setStage(t)
    const [topic, target] = [freshName('orders'), freshName('replayed')]
    const source = await archiveTopic(stage.store, topic)
    const [from, to] = ['2025-01-14T09:30:00Z', '2025-01-14T11:45:00.500Z']
    const offsets = { from: { 1: '300' }, to: { 1: 1500, 2: '1111' } }
    const { id } = await stage.service.create({
      source: { topic, partitions: [1, 2], time: { from, to }, offsets },
      target: { topic: target },
    })
    await stage.service.finished(id)
    const wanted = new Map([
      [1, source.get(1)!.filter(({ offset }) => offset >= 300n && offset < 1500n)],
      [2, source.get(2)!.filter(({ offset }) => offset < 1111n)],
    ])
    for (const [partition, records] of wanted) {
      const inTime = records.filter(
        ({ timestampMs }) => timestampMs >= Date.parse(from) && timestampMs < Date.parse(to),
      )
      assert.ok(inTime.length > 100)
      wanted.set(partition, inTime)
    }
    await assertEmitted(stage, target, wanted)
    assert.equal((await stage.eventLog.inspectTarget(target))?.partitions, 3, 'as many as the source has')
  })

  it('tells what it would do without doing it', async (t) => {
    const stage = await setStage(t)
    const [topic, target] = [freshName('orders'), freshName('replayed')]
    const source = await archiveTopic(stage.store, topic)
    const preview = await stage.service.dryRun({ source: { topic }, target: { topic: target } })
    assert.equal(preview.accepted, true)
    assert.equal(preview.plan.rows, [...source.values()].flat().length)
    assert.equal(preview.targetPartitions, 3)
    assert.equal(await stage.eventLog.inspectTarget(target), null)
    assert.deepEqual((await stage.service.list(everything)).replays, [])
  })

  it('does nothing more when a completed replay is asked for again, and refuses its id to another selection', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { partitions: 1, records: 500 })
    await stage.service.create({ id, source: { topic }, target: { topic: target } })
    await stage.service.finished(id)
    const again = await stage.another().create({ target: { topic: target }, source: { topic }, id })
    assert.equal(again.state, 'completed')
    await assertEmitted(stage, target, source)
    const other = { id, source: { topic, partitions: [0] }, target: { topic: target } }
    await assert.rejects(stage.service.create(other), codeOf('replay-id-used'))
    await assert.rejects(stage.service.dryRun(other), ConflictError)
  })

  it('refuses a target that holds records, is the source, or would delete them, naming all that is wrong', async (t) => {
    const stage = await setStage(t)
    const [topic, target] = [freshName('orders'), freshName('replayed')]
    await archiveTopic(stage.store, topic, { partitions: 2, records: 50 })
    const first = await stage.service.create({ source: { topic, partitions: [0] }, target: { topic: target } })
    await stage.service.finished(first.id)
    await assert.rejects(stage.service.create({ source: { topic }, target: { topic: target } }), (error: unknown) => {
      assert.ok(error instanceof ConflictError)
      assert.deepEqual(error.details.findings, ['target-not-empty'])
      assert.match(error.message, new RegExp(target))
      return true
    })
    const small = freshName('small')
    const options = { partitions: 1, config: { 'retention.ms': '1000' }, maxRecordBytes: 1_000_000 }
    await stage.eventLog.createTarget(small, options)
    const preview = await stage.service.dryRun({
      source: { topic, time: { from: '2031-01-01' } },
      target: { topic: small },
    })
    const codes = preview.findings.map(({ code }) => code).sort()
    assert.deepEqual(codes, ['selection-empty', 'target-has-fewer-partitions', 'target-retention-time'])
    const self = await stage.service.dryRun({ source: { topic }, target: { topic } })
    assert.ok(self.findings.some(({ code }) => code === 'target-is-source'))
  })

  it('refuses a range with lost records unless that is accepted', async (t) => {
    const stage = await setStage(t)
    const [topic, target] = [freshName('orders'), freshName('replayed')]
    const records = [0n, 1n, 5n].map((offset) => sourceRecord(0, offset, 1_736_845_200_000))
    await archiveCommit(stage.store, { topic, partition: 0, from: 0n, next: 6n, records, gapReason: 'retention' })
    const request = { source: { topic }, target: { topic: target } }
    await assert.rejects(stage.service.create(request), /partition 0 offsets 2 to 4 \(retention\)/)
    const { id, warnings } = await stage.service.create({ ...request, accept: ['gaps-in-range'] })
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['gaps-in-range'],
    )
    await stage.service.finished(id)
    await assertEmitted(stage, target, new Map([[0, records]]))
  })

  it('stops at a damaged segment with its name and offsets, and goes on when it is restored', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { partitions: 2, records: 1_400 })
    const objects = await Array.fromAsync(stage.store.list(`topics/${topic}/`))
    const victim = objects.map(({ path }) => path).filter((path) => path.includes('+1+'))[2]!
    const file = join(stage.folder, victim)
    const whole = await readFile(file)
    const damaged = Buffer.from(whole)
    damaged[damaged.length >> 1]! ^= 1
    await rm(file)
    await writeFile(file, damaged)
    const request = { id, source: { topic }, target: { topic: target } }
    await stage.service.create(request)
    await assert.rejects(stage.service.finished(id), (error: unknown) => {
      assert.ok(error instanceof DamagedDataError)
      assert.match(error.message, new RegExp(`${victim.replaceAll('+', '\\+')} \\(offsets \\d+ to \\d+\\)`))
      return true
    })
    const failed = await stage.service.get(id)
    assert.equal(failed.state, 'failed')
    assert.equal(failed.error?.code, 'segment-damaged')
    await rm(file)
    await writeFile(file, whole)
    await stage.service.create(request)
    assert.equal((await stage.service.finished(id)).state, 'completed')
    await assertEmitted(stage, target, source)
  })

  it('passes over a damaged segment when that is accepted, and names what is missing', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { partitions: 2, records: 1_400 })
    const objects = await Array.fromAsync(stage.store.list(`topics/${topic}/`))
    const victim = objects.map(({ path }) => path).filter((path) => path.includes('+1+'))[2]!
    await rm(join(stage.folder, victim))
    const request = { id, source: { topic }, target: { topic: target } }
    await stage.service.create(request)
    await assert.rejects(stage.service.finished(id), codeOf('segment-missing'))
    await stage.service.resume(id, ['segment-missing'])
    const status = await stage.service.finished(id)
    const [skipped, ...others] = status.skipped
    assert.deepEqual([status.state, others.length, skipped?.segment, skipped?.partition], ['completed', 0, victim, 1])
    const seen = await readCommitted(stage.brokers, target)
    assert.equal(seen.length, [...source.values()].flat().length - skipped!.records)
    const handovers = new Handovers({ store: stage.store, eventLog: stage.eventLog, clock: new SystemClock() })
    assert.ok((await handovers.of(id)).warnings.some(({ code }) => code === 'segments-skipped'))
  })

  it('cancels at a transaction boundary, says how much is committed, and can be continued', async (t) => {
    const { stage, topic, target, id, source } = await runningReplay(t)
    await stage.service.cancel(id)
    await assert.rejects(stage.service.finished(id), (error: unknown) => {
      assert.ok(error instanceof AbortedError)
      return error.code === 'replay-cancelled'
    })
    const cancelled = await stage.service.get(id)
    assert.equal(cancelled.state, 'cancelled')
    await assertEmitted(stage, target, upTo(source, cancelled))
    await assert.rejects(stage.service.cancel(id), codeOf('replay-ended'))
    await stage.service.create({ id, source: { topic }, target: { topic: target } })
    await stage.service.finished(id)
    await assertEmitted(stage, target, source)
  })

  it('cancels what another process runs, at a transaction boundary', async (t) => {
    const { stage, target, id, source } = await runningReplay(t)
    const status = await stage.another().cancel(id)
    assert.equal(status.state, 'cancelled')
    await assert.rejects(stage.service.finished(id), codeOf('replay-cancelled'))
    assert.equal((await stage.service.get(id)).state, 'cancelled')
    await assertEmitted(stage, target, upTo(source, status))
  })

  it('goes on with what a stopped service left unfinished', async (t) => {
    const { stage, target, id, source } = await runningReplay(t)
    await stage.service.close()
    await assert.rejects(stage.service.finished(id), codeOf('replay-stopped'))
    const next = stage.another()
    assert.equal((await next.get(id)).state, 'running')
    await next.start()
    assert.equal((await next.finished(id)).state, 'completed')
    await assertEmitted(stage, target, source)
  })

  it('may be started a second time elsewhere: each share goes on in one place, and both see the end', async (t) => {
    const { stage, topic, target, id, source } = await runningReplay(t)
    const second = stage.another()
    await second.create({ id, source: { topic }, target: { topic: target } })
    assert.equal((await second.finished(id)).state, 'completed')
    assert.equal((await stage.service.finished(id)).state, 'completed')
    await assertEmitted(stage, target, source)
  })

  it('pauses at a transaction boundary and goes on from there, also when another process asks for it', async (t) => {
    const { stage, target, id, source } = await runningReplay(t)
    const other = stage.another()
    const paused = await other.pause(id)
    assert.equal(paused.state, 'paused')
    await assertEmitted(stage, target, upTo(source, await stage.service.get(id)))
    assert.equal((await stage.service.pause(id)).state, 'paused', 'it is paused already')
    assert.equal((await other.resume(id)).state, 'running')
    assert.equal((await stage.service.finished(id)).state, 'completed')
    await assertEmitted(stage, target, source)
  })

  it('goes at the rate that it is told, and at another from the moment that it is told so', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { records: 1_000 })
    const rate = { recordsPerSecond: 20 }
    await stage.service.create({ id, source: { topic }, target: { topic: target }, rate })
    const slow = Promise.withResolvers<void>()
    stage.service.subscribe(id, ({ progress }) => {
      if ((progress?.rows ?? 0) >= 20) slow.resolve()
    })
    await slow.promise
    const before = await stage.service.get(id)
    assert.deepEqual(before.rate, rate)
    assert.ok(before.progress!.rows < 200, 'a slow replay commits little by little')
    await assert.rejects(stage.service.changeRate(id, { recordsPerSecond: -1 }), codeOf('rate-invalid'))
    assert.equal((await stage.another().changeRate(id, null)).rate, null)
    await stage.service.finished(id)
    await assertEmitted(stage, target, source)
  })

  it('lists replays by state and topic, the latest first, page by page', async (t) => {
    const stage = await setStage(t)
    const topic = freshName('orders')
    await archiveTopic(stage.store, topic, { partitions: 1, records: 20 })
    const ids = [freshName('a'), freshName('b'), freshName('c')]
    for (const id of ids) {
      await stage.service.create({ id, source: { topic }, target: { topic: `${id}-target` } })
      await stage.service.finished(id)
    }
    const page = await stage.service.list({ ...everything, limit: 2 })
    assert.deepEqual(
      page.replays.map(({ id }) => id),
      [ids[2], ids[1]],
    )
    const rest = await stage.service.list({ ...everything, limit: 2, after: page.next })
    assert.deepEqual(
      rest.replays.map(({ id }) => id),
      [ids[0]],
    )
    assert.equal(rest.next, null)
    const byTarget = await stage.service.list({ ...everything, target: `${ids[1]}-target` })
    assert.deepEqual(
      byTarget.replays.map(({ id }) => id),
      [ids[1]],
    )
    assert.deepEqual((await stage.service.list({ ...everything, state: 'failed' })).replays, [])
  })

  it('says what it does not know', async (t) => {
    const stage = await setStage(t)
    await assert.rejects(stage.service.get('nobody'), codeOf('replay-not-found'))
    await assert.rejects(stage.service.cancel('../../etc'), NotFoundError)
    const request = { source: { topic: 'never-archived' }, target: { topic: 'x' } }
    await assert.rejects(stage.service.create(request), codeOf('topic-not-archived'))
  })
})

/** A replay that has committed something and is far from its end. */
async function runningReplay(t: TestContext) {
  const stage = await setStage(t, { ...smallUnits, maxUnitRows: 100 })
  const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
  const source = await archiveTopic(stage.store, topic, { records: 3_000, perCommit: 1_000 })
  const committed = Promise.withResolvers<void>()
  await stage.service.create({ id, source: { topic }, target: { topic: target } })
  stage.service.subscribe(id, ({ progress }) => {
    if ((progress?.rows ?? 0) > 0) committed.resolve()
  })
  await Promise.race([committed.promise, stage.service.finished(id)])
  assert.equal((await stage.service.get(id)).state, 'running')
  return { stage, topic, target, id, source }
}

/** Of the source, what the status says is committed; some, and not all. */
function upTo(source: Awaited<ReturnType<typeof archiveTopic>>, { progress }: ReplayStatus): typeof source {
  const partitions = progress?.partitions ?? []
  const committed = partitions.map(({ partition, next }) => {
    const records = source.get(partition)!.filter(({ offset }) => offset < BigInt(next))
    return [partition, records] as const
  })
  const rows = committed.reduce((sum, [, records]) => sum + records.length, 0)
  assert.equal(progress?.rows, rows)
  assert.ok(rows > 0 && rows < [...source.values()].flat().length)
  return new Map(committed)
}
