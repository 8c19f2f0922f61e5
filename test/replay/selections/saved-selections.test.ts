import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SavedSelections } from '../../../src/replay/selections/saved-selections.ts'
import { MemoryStore } from '../../catalog/memory-store.ts'
import { ManualClock } from '../../kit/manual-clock.ts'

const codeOf = (code: string) => (error: unknown) => (error as { code?: string }).code === code

function open() {
  const store = new MemoryStore()
  return { store, selections: new SavedSelections(store, new ManualClock(Date.UTC(2025, 0, 14))) }
}

const january = { topic: 'orders', time: { from: '2025-01-01', to: 1_738_368_000_000 } }

describe('saved selections', () => {
  it('are given back as a replay takes them, whatever their spelling was', async () => {
    const { selections } = open()
    const { source } = await selections.save('january', january)
    assert.deepEqual(source, {
      topic: 'orders',
      time: { from: '2025-01-01T00:00:00.000Z', to: '2025-02-01T00:00:00.000Z' },
    })
    assert.deepEqual((await selections.load('january')).source, source)
  })

  it('are listed by name, without those that were deleted', async () => {
    const { selections } = open()
    for (const name of ['b', 'a', 'c']) await selections.save(name, january)
    await selections.delete('b')
    assert.deepEqual(
      (await selections.list()).map(({ name }) => name),
      ['a', 'c'],
    )
    await assert.rejects(selections.load('b'), codeOf('selection-not-found'))
    await assert.rejects(selections.delete('b'), codeOf('selection-not-found'))
    await selections.save('b', { topic: 'payments' })
    assert.deepEqual((await selections.load('b')).source, { topic: 'payments' })
  })

  it('write nothing when the name stands for that already', async () => {
    const { selections, store } = open()
    const first = await selections.save('january', january)
    const again = await selections.save('january', { time: { to: '2025-02-01', from: '2025-01-01' }, topic: 'orders' })
    assert.deepEqual(again, first)
    assert.equal(store.objects.size, 1)
  })

  it('name every problem at once, and save nothing', async () => {
    const { selections, store } = open()
    await assert.rejects(selections.save('No/Name', { topic: '', time: { from: 'yesterday' } }), (error: unknown) => {
      assert.ok(codeOf('selection-invalid')(error))
      for (const place of ['name:', 'source.topic:', 'source.time.from:'])
        assert.ok(String(error).includes(place), place)
      return true
    })
    await assert.rejects(selections.save('nothing', undefined), /source: is missing/)
    await assert.rejects(selections.load('../connectors'), codeOf('selection-not-found'))
    assert.equal(store.objects.size, 0)
  })

  it('keep one of two that are saved at once, and no version is lost', async () => {
    const { store, selections } = open()
    const other = new SavedSelections(store, new ManualClock(0))
    const names = ['orders', 'payments', 'shipments', 'returns']
    await Promise.all(names.map((topic, index) => (index % 2 ? other : selections).save('x', { topic })))
    assert.equal(store.objects.size, names.length)
    assert.deepEqual(await other.load('x'), await selections.load('x'))
  })

  it('that somebody damaged are an error that names the object', async () => {
    const { store, selections } = open()
    await selections.save('january', january)
    const [path] = [...store.objects.keys()]
    const damaged = store.objects.get(path!)!.toString().replace('"orders"', '7')
    store.objects.set(path!, Buffer.from(damaged))
    await assert.rejects(selections.load('january'), (error: unknown) => {
      assert.ok(codeOf('selection-damaged')(error))
      assert.match(String(error), /selections\/january\/00000000000000000000\.json/)
      return true
    })
  })
})
