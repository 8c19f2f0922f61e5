import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DamagedDataError } from '../../src/errors.ts'
import type { RowBatch } from '../../src/format/row-batch.ts'
import type { CommittedSegment } from '../../src/format/segment.ts'
import { mergeSegments, type OpenSegment } from '../../src/replay/read/merge.ts'

/** Rows of which nothing but the offset matters. */
function batchOf(offsets: readonly bigint[]): RowBatch {
  const none = { bytes: Buffer.alloc(0), start: new Int32Array(0), length: new Int32Array(0) }
  return {
    rows: offsets.length,
    partition: 0,
    offset: BigInt64Array.from(offsets),
    timestampMicros: new BigInt64Array(offsets.length),
    key: none,
    value: none,
    headers: { first: new Int32Array(offsets.length + 1), keys: none, values: none },
  }
}

interface Memory {
  segments: CommittedSegment[]
  open: (segment: CommittedSegment) => Promise<OpenSegment>
  /** Paths in the order in which they were opened. */
  opened: string[]
}

/** Segments in memory, each a list of row groups. */
function inMemory(segments: readonly (readonly (readonly bigint[])[])[]): Memory {
  const opened: string[] = []
  const described = segments.map((groups, index) => {
    const offsets = groups.flat()
    return {
      path: `segment ${index}`,
      firstOffset: offsets[0]!,
      lastOffset: offsets.at(-1)!,
      records: offsets.length,
      minTimestampMs: 0,
      maxTimestampMs: 0,
      bytes: 0,
      sha256: '',
      groups,
    }
  })
  return {
    segments: described.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1)),
    opened,
    async open(segment) {
      opened.push(segment.path)
      const groups = described.find(({ path }) => path === segment.path)!.groups
      let next = 0
      return {
        async next() {
          const group = groups[next]
          next += 1
          return group === undefined ? null : batchOf(group)
        },
      }
    },
  }
}

async function merged({ segments, open }: Memory): Promise<bigint[]> {
  const offsets: bigint[] = []
  for await (const { rows, from, to } of mergeSegments(segments, open, one))
    offsets.push(...rows.offset.subarray(from, to))
  return offsets
}

const one = { segments: 1, bytes: 0 }

/** Offsets above 2^53 too, with holes, each with the segment it is in and whether a row group ends there. */
const assignment = fc.tuple(
  fc.bigInt(0n, 2n ** 60n),
  fc.array(fc.record({ step: fc.integer({ min: 1, max: 5 }), segment: fc.nat(6), groupEnds: fc.boolean() }), {
    minLength: 1,
    maxLength: 200,
  }),
)

describe('merging segments', () => {
  it('restores the source order from any assignment of offsets to segments and row groups', async () => {
    await fc.assert(
      fc.asyncProperty(assignment, async ([base, rows]) => {
        const source: bigint[] = []
        const segments = new Map<number, bigint[][]>()
        let offset = base
        for (const { step, segment, groupEnds } of rows) {
          offset += BigInt(step)
          source.push(offset)
          const groups = segments.get(segment) ?? [[]]
          segments.set(segment, groups)
          groups.at(-1)!.push(offset)
          if (groupEnds) groups.push([])
        }
        assert.deepEqual(await merged(inMemory([...segments.values()])), source)
      }),
    )
  })

  it('takes stretches, not single rows, where segments do not interleave', async () => {
    const { segments, open } = inMemory([[[1n, 2n, 3n, 7n]], [[4n, 5n, 6n]]])
    const lengths: number[] = []
    for await (const { from, to } of mergeSegments(segments, open, one)) lengths.push(to - from)
    assert.deepEqual(lengths, [3, 3, 1])
  })

  it('opens a segment when its turn comes, and no more than one ahead', async () => {
    const memory = inMemory([[[1n]], [[2n]], [[3n]], [[4n]]])
    const run = mergeSegments(memory.segments, memory.open, one)
    await run.next()
    assert.deepEqual(memory.opened, ['segment 0', 'segment 1'])
    await run.next()
    assert.deepEqual(memory.opened, ['segment 0', 'segment 1', 'segment 2'])
    await run.return()
  })

  it('opens as many ahead as it is told, in their order', async () => {
    const memory = inMemory([[[1n]], [[2n]], [[3n]], [[4n]], [[5n]]])
    const run = mergeSegments(memory.segments, memory.open, { segments: 3, bytes: 0x7fffffff })
    await run.next()
    assert.deepEqual(memory.opened, ['segment 0', 'segment 1', 'segment 2', 'segment 3'])
    await run.return()
  })

  it('says where it is when segments hold nothing that is wanted', async () => {
    const memory = inMemory([[[1n]], [[5n]], [[9n]]])
    const seen: bigint[] = []
    const wantsLast = async (segment: CommittedSegment): Promise<OpenSegment> =>
      segment.path === 'segment 2' ? memory.open(segment) : { next: async () => null }
    for await (const { from, to, next } of mergeSegments(memory.segments, wantsLast, one)) {
      seen.push(next)
      if (next < 9n) assert.equal(from, to)
    }
    assert.deepEqual(seen, [5n, 9n, 10n])
  })

  it('refuses an offset that is in two segments instead of emitting it twice', async () => {
    await assert.rejects(merged(inMemory([[[1n, 2n, 5n]], [[2n, 3n]]])), (error: unknown) => {
      assert.ok(error instanceof DamagedDataError)
      assert.equal(error.code, 'segments-overlap')
      assert.equal(error.details.offset, '2')
      return true
    })
  })

  it('says that a segment cannot be opened when its turn comes, after the rows before it', async () => {
    const memory = inMemory([[[1n, 2n]], [[3n]]])
    const seen: bigint[] = []
    const run = mergeSegments(
      memory.segments,
      async (segment) => {
        if (segment.path === 'segment 1') throw new Error('damaged')
        return memory.open(segment)
      },
      one,
    )
    await assert.rejects(async () => {
      for await (const { rows, from, to } of run) seen.push(...rows.offset.subarray(from, to))
    }, /damaged/)
    assert.deepEqual(seen, [1n, 2n])
  })
})
