import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Log, LogFields } from '../../../src/ports/log.ts'
import { rowsOf } from '../../format/record-batch/samples.ts'
import { failureOf, jsonModule, openSource, place, recordOf, valuesOf, withCode } from './kit.ts'

const silent = (): void => undefined
const numbered = (count: number) => Array.from({ length: count }, (_, n) => recordOf(`{"n":${n}}`))

describe('an upcaster that goes beyond its limits', () => {
  it('and loops for ever on an event is stopped; that event fails, and the others are upcast', async (t) => {
    const upcaster = await openSource(t, jsonModule('while (event.value.n === 2); return event'), {
      timeLimitMs: 1_000,
    })
    const rows = await upcaster.upcast(place, rowsOf(numbered(5)), 0, 5)
    assert.match(failureOf(rows[2]), /^time limit: it took more than 1000 ms$/)
    assert.deepEqual(
      rows.map(({ row }) => row),
      [0, 1, 2, 3, 4],
    )
    assert.deepEqual(
      [0, 1, 3, 4].flatMap((row) => valuesOf(rows[row])),
      [0, 1, 3, 4].map((n) => `{"n":${n}}`),
    )
  })

  it('and does so again and again ends the work', async (t) => {
    const upcaster = await openSource(t, jsonModule('while (event.value.n % 2 === 1); return event'), {
      timeLimitMs: 1_000,
    })
    const work = upcaster.upcast(place, rowsOf(numbered(10)), 0, 10)
    await assert.rejects(
      work,
      withCode('upcaster-stopped', /3 times, at last at offset 5 of orders partition 3: time limit/),
    )
    await assert.rejects(upcaster.upcast(place, rowsOf(numbered(1)), 0, 1), withCode('upcaster-stopped'))
  })

  it('and takes too much memory fails at the event', async (t) => {
    const source = jsonModule('if (event.value.n === 1) { const all = []; for (;;) all.push([{}, {}]) } return event')
    const upcaster = await openSource(t, source, { maxMemoryBytes: 32 * 2 ** 20 })
    const rows = await upcaster.upcast(place, rowsOf(numbered(3)), 0, 3)
    assert.match(failureOf(rows[1]), /^memory limit: it needed more than 32 MiB$/)
    assert.deepEqual(valuesOf(rows[2]), ['{"n":2}'])
  })

  it('and ends its process ends only its thread', async (t) => {
    const upcaster = await openSource(t, jsonModule('if (event.value.n === 0) process.exit(3); return event'))
    const rows = await upcaster.upcast(place, rowsOf(numbered(2)), 0, 2)
    assert.match(failureOf(rows[0]), /ended its thread with code 3/)
    assert.deepEqual(valuesOf(rows[1]), ['{"n":1}'])
  })

  it('and leaves work behind that fails ends the work, even when its events were fine', async (t) => {
    const upcaster = await openSource(t, jsonModule('Promise.reject(new Error("left behind")); return event'))
    await assert.rejects(
      async () => {
        for (;;) await upcaster.upcast(place, rowsOf(numbered(1)), 0, 1)
      },
      withCode('upcaster-stopped', /left behind/),
    )
  })
})

describe('an upcaster in its thread', () => {
  it('gets on with many rows and large ones, in several threads, and keeps their order', async (t) => {
    const upcaster = await openSource(t, jsonModule('event.value.seen = true; return event'), { threads: 2 })
    const filler = 'x'.repeat(300_000)
    const records = Array.from({ length: 10_000 }, (_, n) => recordOf(JSON.stringify({ n, s: n % 500 ? '' : filler })))
    const rows = await upcaster.upcast(place, rowsOf(records), 5, 9_995)
    assert.deepEqual(
      rows.map(({ row }) => row),
      Array.from({ length: 9_990 }, (_, index) => index + 5),
    )
    for (const changed of rows) {
      const { n, seen } = JSON.parse(valuesOf(changed)[0]!) as { n: number; seen: boolean }
      assert.deepEqual([n, seen], [changed.row, true])
    }
  })

  it('serves several partitions side by side', async (t) => {
    const upcaster = await openSource(t, jsonModule('return { value: event.partition }'), { threads: 2 })
    const partitions = Array.from({ length: 20 }, (_, partition) => partition)
    const work = partitions.map((partition) => upcaster.upcast({ ...place, partition }, rowsOf(numbered(3)), 0, 3))
    assert.deepEqual(
      (await Promise.all(work)).map((rows) => rows.flatMap(valuesOf)),
      partitions.map((partition) => Array(3).fill(String(partition))),
    )
  })

  it('sees nothing of the environment', async (t) => {
    process.env.COLDSTREAM_TEST_SECRET = 'hunter22'
    t.after(() => delete process.env.COLDSTREAM_TEST_SECRET)
    const upcaster = await openSource(t, jsonModule('return { value: Object.keys(process.env) }'))
    const [row] = await upcaster.upcast(place, rowsOf(numbered(1)), 0, 1)
    assert.doesNotMatch(valuesOf(row)[0]!, /COLDSTREAM/)
  })

  it('prints to the log', async (t) => {
    const printed = Promise.withResolvers<LogFields | undefined>()
    const log: Log = { info: (_, fields) => printed.resolve(fields), warn: silent, error: silent }
    const upcaster = await openSource(t, jsonModule('console.log("hello"); return event'), { log })
    await upcaster.upcast(place, rowsOf(numbered(1)), 0, 1)
    assert.deepEqual(await printed.promise, { upcaster: 'upcaster', text: 'hello' })
  })

  it('ends what is being upcast when it is closed', async (t) => {
    const upcaster = await openSource(t, jsonModule('for (;;);'))
    const work = assert.rejects(upcaster.upcast(place, rowsOf(numbered(1)), 0, 1), withCode('upcaster-closed'))
    await upcaster.close()
    await work
    await assert.rejects(upcaster.upcast(place, rowsOf(numbered(1)), 0, 1), withCode('upcaster-closed'))
  })
})
