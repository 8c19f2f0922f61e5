import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { fetchPieces } from '../../../src/archive/partition/fetch-pieces.ts'
import type { PartitionFetch } from '../../../src/ports/event-log.ts'
import type { SourceRun } from '../../../src/ports/record-block.ts'

/** Runs of so many offsets each, with a payload of so many bytes; no payload: a gap. */
function fetchOf(sizes: readonly { offsets: number; bytes: number | null }[]): PartitionFetch {
  let next = 100n
  const runs = sizes.map(({ offsets, bytes }): SourceRun => {
    const first = next
    next += BigInt(offsets)
    if (bytes === null) return { kind: 'gap', reason: 'control', firstOffset: first, lastOffset: next - 1n }
    const block = {
      baseOffset: first,
      lastOffset: next - 1n,
      baseTimestampMs: 0n,
      appendTimestampMs: null,
      maxTimestampMs: 0n,
      count: offsets,
      codec: 'none',
      payload: new Uint8Array(bytes),
    } as const
    return { kind: 'records', block }
  })
  return { topic: 't', partition: 3, from: 100n, next, epoch: 1, first: 0n, end: next, runs }
}

const sizes = fc.array(
  fc.record({ offsets: fc.integer({ min: 1, max: 50 }), bytes: fc.option(fc.integer({ min: 0, max: 200 })) }),
  { maxLength: 30 },
)

test('the pieces of a fetch follow each other without a hole and hold all its runs, in order', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 300 }), (all, bytes) => {
      const fetch = fetchOf(all)
      const pieces = [...fetchPieces(fetch, bytes)]
      assert.deepEqual(
        pieces.flatMap(({ runs }) => runs),
        fetch.runs,
      )
      let at = fetch.from
      for (const piece of pieces) {
        assert.equal(piece.from, at)
        assert.ok(piece.next > piece.from)
        at = piece.next
      }
      if (pieces.length > 0) assert.equal(at, fetch.next)
    }),
  )
})

test('a piece ends at the first run with which it has enough', () => {
  const pieces = [...fetchPieces(fetchOf([30, 30, 30, 200, 10].map((bytes) => ({ offsets: 1, bytes }))), 60)]
  assert.deepEqual(
    pieces.map(({ runs }) => runs.length),
    [2, 2, 1],
  )
})
