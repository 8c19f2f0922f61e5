import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { advance, EMPTY_HEAD } from '../../src/catalog/log-state.ts'
import type { CommitEntry, IntendEntry } from '../../src/format/log-entry.ts'
import { commitOf, intend } from '../format/log-samples.ts'

const OBJECT = 'log/t/0/x.json'
const opened = advance(EMPTY_HEAD, intend(0, 100n), OBJECT)
const committed = advance(opened, commitOf(intend(0, 100n)), OBJECT)

function refuses(name: string, run: () => unknown): void {
  test(`refuses ${name}`, () => {
    assert.throws(run, { name: 'DamagedDataError', code: 'log-impossible', message: new RegExp(OBJECT) })
  })
}

suite('the fold of a log', () => {
  test('opens an intent and moves the archived range with its commit', () => {
    assert.deepEqual(EMPTY_HEAD, { nextSeq: 0, archived: null, openIntent: null })
    assert.deepEqual(opened, { nextSeq: 1, archived: null, openIntent: intend(0, 100n) })
    assert.deepEqual(committed, { nextSeq: 2, archived: { from: 100n, next: 110n }, openIntent: null })
    const second = intend(2, 110n)
    const after = advance(advance(committed, second, OBJECT), commitOf(second), OBJECT)
    assert.deepEqual(after.archived, { from: 100n, next: 120n })
  })

  const withIntent = (change: Partial<IntendEntry>) => () =>
    advance(committed, { ...intend(2, 110n), ...change }, OBJECT)
  const withCommit = (change: Partial<CommitEntry>) => () =>
    advance(opened, { ...commitOf(intend(0, 100n)), ...change }, OBJECT)
  const [segment] = commitOf(intend(0, 100n)).segments
  const [gap] = intend(0, 100n).gaps

  refuses('an entry with another number', withIntent({ seq: 3 }))
  refuses('a commit without an intent', () => advance(committed, { ...commitOf(intend(0, 100n)), seq: 2 }, OBJECT))
  refuses('a second intent before the commit', () => advance(opened, intend(1, 110n), OBJECT))
  refuses('an intent that leaves a hole', withIntent({ from: 111n }))
  refuses('an intent that goes back', withIntent({ from: 109n }))
  refuses('an intent of nothing', withIntent({ next: 110n, segments: [], gaps: [] }))
  refuses('a segment outside its range', withIntent({ next: 115n, gaps: [] }))
  refuses('a segment named twice', withIntent({ segments: [...intend(2, 110n).segments, ...intend(2, 110n).segments] }))
  refuses('a commit of another intent', withCommit({ intent: 5 }))
  refuses('a commit that leaves a segment out', withCommit({ segments: [] }))
  refuses('a commit of another segment', withCommit({ segments: [{ ...segment!, path: 'topics/other' }] }))
  refuses('a commit that leaves an offset unexplained', withCommit({ gaps: [] }))
  refuses('a commit that explains an offset twice', withCommit({ gaps: [gap!, gap!] }))
  refuses('a commit of rows outside the range', withCommit({ segments: [{ ...segment!, lastOffset: 110n }] }))
})
