import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { BatchMemory } from '../../../src/adapters/kafka/batch-memory.ts'

describe('memory of batches', () => {
  test('is as long as asked for, and nobody else has it until it is given back', () => {
    const sizes = fc.integer({ min: 1, max: 400_000 })
    fc.assert(
      fc.property(fc.array(fc.tuple(sizes, fc.boolean()), { maxLength: 60 }), (asked) => {
        const memory = new BatchMemory()
        const held = new Map<Buffer, number>()
        for (const [number, [bytes, gives]] of asked.entries()) {
          const batch = memory.take(bytes)
          assert.equal(batch.length, bytes)
          batch.fill(number)
          held.set(batch, number)
          if (!gives) continue
          const [oldest, filledWith] = held.entries().next().value!
          assert.ok(oldest.every((byte) => byte === filledWith))
          held.delete(oldest)
          memory.give(oldest)
        }
        for (const [batch, filledWith] of held) assert.ok(batch.every((byte) => byte === filledWith))
      }),
      { numRuns: 200 },
    )
  })

  test('that was given back is lent again', () => {
    const memory = new BatchMemory()
    const first = memory.take(300_000)
    memory.give(first)
    assert.equal(memory.take(290_000).buffer, first.buffer)
  })

  test('that was given back twice is lent once', () => {
    const memory = new BatchMemory()
    const first = memory.take(300_000)
    memory.give(first)
    memory.give(first)
    assert.notEqual(memory.take(300_000).buffer, memory.take(300_000).buffer)
  })

  test('that was forgotten is never lent again, because who has it may still send it', () => {
    const memory = new BatchMemory()
    const first = memory.take(300_000)
    memory.forgetLent()
    memory.give(first)
    assert.notEqual(memory.take(300_000).buffer, first.buffer)
  })
})
