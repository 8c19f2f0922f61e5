import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { ReplayService } from '../../src/replay/service.ts'
import {
  archiveTopic,
  assertEmitted,
  freshName,
  plainParts,
  type Stage,
  setStage,
  silentLog,
  smallUnits,
} from './kit.ts'

/** A service that is about to create its target when `until` settles. */
function slowToCreate(stage: Stage, until: () => Promise<unknown>): ReplayService {
  const createTarget: EventLog['createTarget'] = async (topic, options) => {
    await until()
    return stage.eventLog.createTarget(topic, options)
  }
  return slowService(stage, { createTarget })
}

/** A service that is about to look at its target when `until` settles. */
function slowToInspect(stage: Stage, until: () => Promise<unknown>): ReplayService {
  const inspectTarget: EventLog['inspectTarget'] = async (topic, load) => {
    await until()
    return stage.eventLog.inspectTarget(topic, load)
  }
  return slowService(stage, { inspectTarget })
}

function slowService({ store, eventLog }: Stage, members: Partial<EventLog>): ReplayService {
  const slow = new Proxy(eventLog, {
    get: (target, name) => {
      if (name in members) return members[name as keyof EventLog]
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  const parts = { ...plainParts, store, eventLog: slow, clock: new SystemClock(), log: silentLog, limits: smallUnits }
  return new ReplayService(parts)
}

describe('two instances that plan the same replay', () => {
  it('both go on when both are about to create its target', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic)
    const both = Promise.withResolvers<void>()
    let waiting = 0
    const until = (): Promise<void> => {
      waiting += 1
      if (waiting === 2) both.resolve()
      return both.promise
    }
    const services = [slowToCreate(stage, until), slowToCreate(stage, until)]
    for (const service of services) t.after(() => service.close())
    for (const service of services) await service.create({ id, source: { topic }, target: { topic: target } })
    for (const service of services) assert.equal((await service.finished(id)).state, 'completed')
    await assertEmitted(stage, target, source)
  })

  for (const [what, slowTo] of Object.entries({ creates: slowToCreate, 'looks at': slowToInspect })) {
    it(`both see its end when one emits already before the other ${what} its target`, async (t) => {
      const stage = await setStage(t)
      const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
      const source = await archiveTopic(stage.store, topic, { records: 900 })
      const slow = Promise.withResolvers<void>()
      const isSlow = Promise.withResolvers<void>()
      const late = slowTo(stage, () => {
        isSlow.resolve()
        return slow.promise
      })
      t.after(() => late.close())
      const request = { id, source: { topic }, target: { topic: target } }
      const created = late.create(request)
      await isSlow.promise
      await stage.service.create(request)
      await stage.service.changeRate(id, { recordsPerSecond: 1_000 })
      const emits = Promise.withResolvers<void>()
      stage.service.subscribe(id, ({ progress }) => {
        if ((progress?.rows ?? 0) > 0) emits.resolve()
      })
      await emits.promise
      slow.resolve()
      await created
      assert.equal((await stage.service.finished(id)).state, 'completed')
      assert.equal((await late.finished(id)).state, 'completed')
      await assertEmitted(stage, target, source)
    })
  }
})
