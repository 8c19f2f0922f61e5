import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { packGaps, unpackGapSet, unpackGaps } from '../../src/format/gap-set.ts'
import { complement, countOffsets, explain, type Gap, GapBuilder, mergeGaps, subtract } from '../../src/format/gaps.ts'
import type { GapReason } from '../../src/ports/record-block.ts'

const reason = fc.constantFrom<GapReason>('control', 'aborted', 'compacted', 'retention', 'truncated', 'corrupt')

/** Ascending gaps from anywhere in the range of offsets, many of them of one offset. */
const gapList: fc.Arbitrary<Gap[]> = fc
  .tuple(
    fc.bigInt({ min: 0n, max: 2n ** 62n }),
    fc.array(fc.tuple(reason, fc.bigInt({ min: 0n, max: 50n }), fc.bigInt({ min: 1n, max: 40n })), { maxLength: 60 }),
  )
  .map(([start, steps]) => {
    const builder = new GapBuilder()
    let at = start
    for (const [why, skip, length] of steps) {
      builder.add(why, at + skip, at + skip + length - 1n)
      at += skip + length
    }
    return builder.build()
  })

/** What each offset of `0..99` is; null where there is no gap. */
const picture = fc.array(fc.option(reason, { freq: 2 }), { minLength: 1, maxLength: 100 })

function gapsOf(cells: readonly (GapReason | null)[]): Gap[] {
  const builder = new GapBuilder()
  for (const [i, why] of cells.entries()) if (why !== null) builder.add(why, BigInt(i), BigInt(i))
  return builder.build()
}

function pictureOf(gaps: readonly Gap[], length: number): (GapReason | null)[] {
  const cells: (GapReason | null)[] = new Array(length).fill(null)
  for (const gap of gaps) for (let i = gap.firstOffset; i <= gap.lastOffset; i++) cells[Number(i)] = gap.reason
  return cells
}

suite('gaps', () => {
  test('of the same reason that touch become one', () => {
    const builder = new GapBuilder()
    builder.add('control', 3n, 3n)
    builder.add('control', 4n, 6n)
    builder.add('aborted', 7n, 7n)
    builder.add('control', 9n, 9n)
    assert.deepEqual(builder.build(), [
      { reason: 'control', firstOffset: 3n, lastOffset: 6n },
      { reason: 'aborted', firstOffset: 7n, lastOffset: 7n },
      { reason: 'control', firstOffset: 9n, lastOffset: 9n },
    ])
  })

  test('that go back are refused as a bug', () => {
    const builder = new GapBuilder()
    builder.add('control', 3n, 5n)
    assert.throws(() => builder.add('aborted', 5n, 6n), RangeError)
    assert.throws(() => builder.add('aborted', 9n, 8n), RangeError)
  })

  test('are what the rows leave of a range', () => {
    fc.assert(
      fc.property(picture, (cells) => {
        const rows = BigInt64Array.from(cells.flatMap((why, i) => (why === null ? [BigInt(i)] : [])))
        const holes = complement(rows, 0n, BigInt(cells.length))
        assert.equal(countOffsets(holes) + BigInt(rows.length), BigInt(cells.length))
        const seen = pictureOf(
          holes.map((hole) => ({ ...hole, reason: 'control' })),
          cells.length,
        )
        assert.deepEqual(
          seen.map((why) => why === null),
          cells.map((why) => why === null),
        )
      }),
    )
  })

  test('taken away from gaps leave the others, offset by offset', () => {
    fc.assert(
      fc.property(picture, picture, (a, b) => {
        const left = pictureOf(subtract(gapsOf(a), gapsOf(b)), a.length)
        assert.deepEqual(
          left,
          a.map((why, i) => (b[i] == null ? why : null)),
        )
      }),
    )
  })

  test('merge with the earlier list having the word', () => {
    fc.assert(
      fc.property(picture, picture, (a, b) => {
        const length = Math.max(a.length, b.length)
        const merged = pictureOf(mergeGaps(gapsOf(a), gapsOf(b)), length)
        assert.deepEqual(
          merged,
          Array.from({ length }, (_, i) => a[i] ?? b[i] ?? null),
        )
      }),
    )
  })

  test('explain every hole and nothing else', () => {
    fc.assert(
      fc.property(picture, picture, fc.nat({ max: 100 }), (holes, known, brokerFirst) => {
        const runs = gapsOf(holes).map(({ firstOffset, lastOffset }) => ({ firstOffset, lastOffset }))
        const explained = pictureOf(explain(runs, gapsOf(known), BigInt(brokerFirst)), holes.length)
        const expected = holes.map((hole, i) => {
          if (hole === null) return null
          return known[i] ?? (i < brokerFirst ? 'retention' : 'compacted')
        })
        assert.deepEqual(explained, expected)
      }),
    )
  })
})

suite('gap sets', () => {
  test('give back the very gaps they were made of', () => {
    fc.assert(
      fc.property(gapList, (gaps) => {
        const sets = packGaps(gaps)
        assert.deepEqual(unpackGaps(sets, 'here'), gaps)
        assert.equal(
          sets.reduce((sum, { offsets }) => sum + offsets, 0n),
          countOffsets(gaps),
        )
        assert.equal(new Set(sets.map((set) => set.reason)).size, sets.length)
      }),
    )
  })

  test('take a few bytes a hole', () => {
    const builder = new GapBuilder()
    for (let i = 0n; i < 30_000n; i += 3n) builder.add('compacted', 10n ** 15n + i, 10n ** 15n + i)
    const [set] = packGaps(builder.build())
    assert.ok(set!.runs.length <= 20_000, `${set!.runs.length} characters`)
  })

  test('that contradict themselves are damage, however they lie', () => {
    const set = { reason: 'control', firstOffset: 10n, lastOffset: 20n, offsets: 3n, runs: '0.2 8' } as const
    assert.equal([...unpackGapSet(set, 'here')].length, 2)
    for (const wrong of [
      { offsets: 4n },
      { lastOffset: 21n },
      { lastOffset: 19n },
      { runs: '0.2 0' },
      { runs: '1.2 7' },
      { runs: '0.0 a' },
      { runs: '0.2  8' },
      { runs: '0.2 -8' },
      { runs: '0.zzzzzzzzzzzz' },
      { runs: '0.zzzzzzzzzzzzz' },
      { runs: '' },
    ]) {
      assert.throws(() => [...unpackGapSet({ ...set, ...wrong }, 'log/x.json')], {
        code: 'gap-set-damaged',
        message: /^log\/x\.json/,
      })
    }
  })

  test('that overlap are damage', () => {
    const sets = packGaps([{ reason: 'control', firstOffset: 1n, lastOffset: 5n }])
    const other = packGaps([{ reason: 'aborted', firstOffset: 5n, lastOffset: 5n }])
    assert.throws(() => unpackGaps([...sets, ...other], 'here'), { code: 'gap-set-damaged' })
  })
})
