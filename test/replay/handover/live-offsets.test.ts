import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { liveOffsets, type ReplayedSource } from '../../../src/replay/handover/live-offsets.ts'

const source = (...untils: bigint[]): ReplayedSource => ({
  topic: 'orders',
  incarnation: 1,
  partitions: untils.map((until, partition) => ({ partition, until })),
})

describe('live offsets', () => {
  it('are those after what was replayed', () => {
    const live = [
      { partition: 0, first: 0n, end: 90n },
      { partition: 1, first: 50n, end: 50n },
    ]
    assert.deepEqual(liveOffsets(source(70n, 50n), live, true), [
      { partition: 0, offset: 70n, trouble: null },
      { partition: 1, offset: 50n, trouble: null },
    ])
  })

  it('of a partition that was never archived are its first ones', () => {
    const live = [
      { partition: 0, first: 0n, end: 90n },
      { partition: 1, first: 0n, end: 3n },
      { partition: 2, first: 7n, end: 9n },
    ]
    assert.deepEqual(liveOffsets(source(70n, 0n), live, true).slice(1), [
      { partition: 1, offset: 0n, trouble: null },
      { partition: 2, offset: 7n, trouble: 'started-late' },
    ])
  })

  it('leave out partitions that were not asked for', () => {
    const live = [0, 1].map((partition) => ({ partition, first: 0n, end: 90n }))
    assert.deepEqual(liveOffsets(source(70n), live, false), [{ partition: 0, offset: 70n, trouble: null }])
  })

  it('say where the broker has a hole, or lost records itself', () => {
    const live = [
      { partition: 0, first: 71n, end: 90n },
      { partition: 1, first: 0n, end: 49n },
    ]
    assert.deepEqual(
      liveOffsets(source(70n, 50n), live, true).map(({ trouble }) => trouble),
      ['gone', 'beyond-end'],
    )
  })

  it('continue what was emitted without hole or repeat, whatever of it the broker still has', () => {
    const partition = fc.record({ archived: fc.nat(20), produced: fc.nat(20), deleted: fc.nat(60) })
    fc.assert(
      fc.property(fc.array(partition, { minLength: 1, maxLength: 5 }), (partitions) => {
        const ends = partitions.map(({ archived, produced }) => archived + produced)
        const firsts = partitions.map(({ deleted }, index) => Math.min(deleted, ends[index]!))
        const live = ends.map((end, index) => ({ partition: index, first: BigInt(firsts[index]!), end: BigInt(end) }))
        const offsets = liveOffsets(source(...partitions.map(({ archived }) => BigInt(archived))), live, true)
        for (const { partition: index, offset, trouble } of offsets) {
          const { archived } = partitions[index]!
          const emitted = Array.from({ length: archived }, (_, at) => at)
          const consumed = Array.from({ length: ends[index]! - Number(offset) }, (_, at) => Number(offset) + at)
          const seen = [...emitted, ...consumed.filter((at) => at >= firsts[index]!)]
          const all = Array.from({ length: ends[index]! }, (_, at) => at)
          if (trouble === null) assert.deepEqual(seen, all)
          else assert.notDeepEqual(seen, all)
        }
      }),
    )
  })
})
