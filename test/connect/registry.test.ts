import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { ConnectorRegistry } from '../../src/connect/registry.ts'
import type { StoredConnector } from '../../src/connect/registry-entry.ts'
import { ConflictError, DamagedDataError } from '../../src/errors.ts'
import { MemoryStore } from '../catalog/memory-store.ts'

const clock = new SystemClock()

function connector(name: string, configured: number): StoredConnector {
  return { name, config: { name, topics: name }, target: 'RUNNING', configured, restart: null }
}

/** Adds a connector unless there is one of its name. */
function add(registry: ConnectorRegistry, name: string): Promise<unknown> {
  return registry.change(`create ${name}`, (all, seq) => {
    if (all.has(name)) throw new ConflictError('connector-exists', `${name} exists`, { remedy: 'Choose another name.' })
    return [...all.values(), connector(name, seq)]
  })
}

describe('the registry of connectors', () => {
  it('is one for all instances, whoever changes it', async () => {
    const store = new MemoryStore()
    const [one, two] = [new ConnectorRegistry(store, clock), new ConnectorRegistry(store, clock)]
    await add(one, 'a')
    await add(two, 'b')
    const expected = [
      ['a', connector('a', 0)],
      ['b', connector('b', 1)],
    ]
    assert.deepEqual([...(await one.refresh())], expected)
    assert.deepEqual([...(await two.refresh())], expected)
    assert.deepEqual([...(await new ConnectorRegistry(store, clock).refresh())], expected)
  })

  it('keeps every one of many changes at once, each made in the light of those before it', async () => {
    const store = new MemoryStore()
    const registries = Array.from({ length: 8 }, () => new ConnectorRegistry(store, clock))
    await Promise.all(registries.map((registry, index) => add(registry, `c${index}`)))
    const connectors = await registries[0]!.refresh()
    assert.equal(connectors.size, 8)
    assert.equal(new Set([...connectors.values()].map(({ configured }) => configured)).size, 8)
  })

  it('lets one of two win who want the same name at once', async () => {
    const store = new MemoryStore()
    const registries = Array.from({ length: 5 }, () => new ConnectorRegistry(store, clock))
    const outcomes = await Promise.allSettled(registries.map((registry) => add(registry, 'same')))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal(store.objects.size, 1)
  })

  it('writes nothing when nothing changes, and asks for one list when nothing has changed', async () => {
    const store = new MemoryStore()
    const registry = new ConnectorRegistry(store, clock)
    await add(registry, 'a')
    await registry.change('nothing', () => null)
    assert.equal(store.objects.size, 1)
    const before = store.requests
    await registry.refresh()
    assert.equal(store.requests - before, 1)
  })

  it('does not guess what a damaged or newer entry says', async () => {
    const store = new MemoryStore()
    await add(new ConnectorRegistry(store, clock), 'a')
    const path = 'connectors/00000000000000000000.json'
    const entry = JSON.parse(String(store.objects.get(path)))
    for (const [field, value] of [
      ['version', 99],
      ['connectors', 'x'],
      ['connectors', [{ ...entry.connectors[0], target: 'ASLEEP' }]],
      ['connectors', [{ ...entry.connectors[0], config: { topics: 7 } }]],
    ] as const) {
      store.objects.set(path, Buffer.from(JSON.stringify({ ...entry, [field]: value })))
      await assert.rejects(new ConnectorRegistry(store, clock).refresh(), DamagedDataError)
    }
  })
})
