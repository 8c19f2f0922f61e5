import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { chooseThread, leastLoaded } from '../../../src/archive/shard/spread.ts'

/** Spreads partitions of these topics, one after the other; answers the topics of each shard. */
function spread(topics: readonly string[], shards: number): string[][] {
  const held: string[][] = Array.from({ length: shards }, () => [])
  for (const topic of topics) {
    const loads = held.map((mine) => ({
      partitions: mine.length,
      ofTopic: (name: string) => mine.filter((other) => other === name).length,
    }))
    held[leastLoaded(loads, topic)]!.push(topic)
  }
  return held
}

const topics = fc.array(fc.constantFrom('orders', 'payments', 'shipments'), { maxLength: 60 })

test('every topic is spread evenly over all shards', () => {
  fc.assert(
    fc.property(topics, fc.integer({ min: 1, max: 8 }), (names, shards) => {
      const held = spread(names, shards)
      for (const topic of new Set(names)) {
        const counts = held.map((mine) => mine.filter((name) => name === topic).length)
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${topic}: ${counts}`)
      }
    }),
  )
})

test('topics of one partition each do not all go to the first shard', () => {
  assert.deepEqual(
    spread(['a', 'b', 'c', 'd'], 2).map((mine) => mine.length),
    [2, 2],
  )
})

test('shards of captures go to threads that have none, then to new ones, then evenly to all', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 30 }), (captures) => {
      const threads: number[] = []
      for (const shards of captures) {
        const own = new Set<number>()
        for (let shard = 0; shard < shards; shard++) {
          const loads = threads.map((count, index) => ({ isOwn: own.has(index), shards: count }))
          const chosen = chooseThread(loads, 4) ?? threads.push(0) - 1
          assert.ok(!own.has(chosen), 'a capture has each of its shards on another thread')
          own.add(chosen)
          threads[chosen]! += 1
        }
      }
      assert.equal(
        threads.length,
        Math.min(
          4,
          captures.reduce((sum, shards) => sum + shards, 0),
        ),
      )
      assert.ok(Math.max(...threads) - Math.min(...threads) <= 1, `${threads}`)
    }),
  )
})

test('a capture uses a thread twice rather than none', () => {
  assert.equal(chooseThread([{ isOwn: true, shards: 3 }], 1), 0)
  assert.equal(chooseThread([], 1), null)
})
