import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { UnavailableError } from '../../src/errors.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { ReplayService } from '../../src/replay/service.ts'
import { archiveTopic, assertEmitted, freshName, plainParts, setStage, silentLog, smallUnits } from './kit.ts'

/** The store, which is away from `leave` on until it was asked so often. */
function leaving(store: ObjectStore, times: number): { store: ObjectStore; leave(): void; refused: () => number } {
  let isAway = false
  let refused = 0
  const away = (): UnavailableError => {
    refused += 1
    isAway = refused < times
    return new UnavailableError('store-unreachable', 'the store is away', { remedy: 'Wait.' })
  }
  const guarded = new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        if (!isAway) return Reflect.apply(member, target, args) as unknown
        if (name === 'list') throw away()
        return Promise.reject(away())
      }
    },
  })
  return {
    store: guarded,
    leave: () => {
      isAway = true
    },
    refused: () => refused,
  }
}

describe('a replay whose store is away for a while', () => {
  it('goes on, and so does who watches it', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic)
    const times = 20
    const { store, leave, refused } = leaving(stage.store, times)
    const { eventLog } = stage
    const parts = { ...plainParts, store, eventLog, clock: new SystemClock(), log: silentLog, limits: smallUnits }
    const service = new ReplayService(parts)
    t.after(() => service.close())
    await service.create({ id, source: { topic }, target: { topic: target }, rate: { recordsPerSecond: 4_000 } })
    let state = ''
    for await (const status of service.watch(id, AbortSignal.timeout(60_000))) {
      state = status.state
      if ((status.progress?.rows ?? 0) > 0 && refused() === 0) leave()
    }
    assert.equal(state, 'completed')
    assert.equal(refused(), times)
    assert.equal((await service.finished(id)).state, 'completed')
    await assertEmitted(stage, target, source)
  })
})
