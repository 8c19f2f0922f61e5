import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { GroupSlots } from '../../src/replay/run/group-slots.ts'
import type { ReplayStatus } from '../../src/replay/status.ts'
import { archiveTopic, assertEmitted, freshName, type Stage, setStage, silentLog, smallUnits } from './kit.ts'

const program = fileURLToPath(new URL('instance-child.ts', import.meta.url))

async function startInstance(t: TestContext, { folder, brokers }: Stage): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, folder, brokers.join(',')], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(createInterface(child.stdout!), 'line')
  return child
}

describe('several instances with one archive', () => {
  it('share a replay, take over what a killed one had, and emit every record once', async (t) => {
    const limits = { ...smallUnits, maxUnitRows: 100, maxShares: 6 }
    const stage = await setStage(t, limits)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { partitions: 6, records: 2_000 })
    const instances = [await startInstance(t, stage), await startInstance(t, stage), await startInstance(t, stage)]
    // this service only asks: none of the slots is its own
    const asking = stage.another({
      join: async () => undefined,
      has: () => false,
      onChange: () => undefined,
      close: async () => undefined,
    })
    await asking.create({ id, source: { topic }, target: { topic: target }, rate: { recordsPerSecond: 1_500 } })
    const seen: ReplayStatus[] = []
    for await (const status of asking.watch(id, AbortSignal.timeout(120_000))) {
      seen.push(status)
      const rows = status.progress?.rows ?? 0
      if (rows > 1_500 && instances[0]!.exitCode === null) instances[0]!.kill('SIGKILL')
      if (rows > 3_000 && status.rate !== null) await asking.changeRate(id, null)
    }
    assert.equal(seen.at(-1)?.state, 'completed')
    assert.equal(seen.at(-1)?.progress?.rows, [...source.values()].flat().length)
    await assertEmitted(stage, target, source)
    assert.ok(instances[0]!.signalCode === 'SIGKILL', 'one instance was killed on the way')
  })

  it('hand over what one had that leaves in good order', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { partitions: 4, records: 2_000 })
    const leaving = await startInstance(t, stage)
    const asking = stage.another(new GroupSlots(stage.eventLog, stage.store.url, silentLog))
    await asking.start()
    await asking.create({ id, source: { topic }, target: { topic: target }, rate: { recordsPerSecond: 1_000 } })
    for await (const { progress } of asking.watch(id, AbortSignal.timeout(60_000)))
      if ((progress?.rows ?? 0) > 800) break
    leaving.kill('SIGTERM')
    await once(leaving, 'exit')
    await asking.changeRate(id, null)
    for await (const status of asking.watch(id, AbortSignal.timeout(60_000))) void status
    assert.equal((await asking.get(id)).state, 'completed')
    await assertEmitted(stage, target, source)
  })
})
