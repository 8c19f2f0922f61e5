import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { claimOf, refuseOverlap } from '../../src/connect/claims.ts'
import { ConflictError } from '../../src/errors.ts'

const claim = (name: string, config: Record<string, string>, isStoreConfigured = true) =>
  claimOf({ name, ...config }, { isStoreConfigured })

function overlap(
  a: Record<string, string>,
  b: Record<string, string>,
  { known = [], isStoreConfigured = true }: { known?: string[]; isStoreConfigured?: boolean } = {},
): string | null {
  try {
    refuseOverlap(claim('new', a, isStoreConfigured), [claim('old', b, isStoreConfigured)], known)
    return null
  } catch (error) {
    assert.ok(error instanceof ConflictError)
    assert.match(error.message, /connector new and connector old/)
    return error.message
  }
}

describe('two connectors', () => {
  it('may not name the same topic', () => {
    assert.match(overlap({ topics: 'a,b' }, { topics: 'b,c' })!, /archive b into/)
    assert.equal(overlap({ topics: 'a' }, { topics: 'b' }), null)
  })

  it('may not name a topic that the other’s pattern takes, whichever comes first', () => {
    assert.match(overlap({ topics: 'orders' }, { 'topics.regex': 'ord.*' })!, /archive orders into/)
    assert.match(overlap({ 'topics.regex': 'ord.*' }, { topics: 'x,orders' })!, /archive orders into/)
    assert.equal(overlap({ topics: 'my-orders' }, { 'topics.regex': 'ord.*' }), null, 'the whole name has to match')
  })

  it('may not have patterns that take the same of the known topics, or that are the same', () => {
    assert.match(
      overlap({ 'topics.regex': 'a.*' }, { 'topics.regex': '.*z' }, { known: ['a', 'az', 'z'] })!,
      /archive az into/,
    )
    assert.equal(overlap({ 'topics.regex': 'a.*' }, { 'topics.regex': '.*z' }, { known: ['a', 'z'] }), null)
    assert.match(overlap({ 'topics.regex': 'a.*' }, { 'topics.regex': 'a.*' })!, /same pattern/)
  })

  it('may take the same topic into different archives, unless configuration sends both to one', () => {
    const [one, two] = [
      { topics: 'a', 's3.bucket.name': 'one' },
      { topics: 'a', 's3.bucket.name': 'two' },
    ]
    assert.equal(overlap(one, two, { isStoreConfigured: false }), null)
    assert.notEqual(overlap(one, one, { isStoreConfigured: false }), null)
    assert.notEqual(overlap(one, two), null)
    assert.equal(overlap(one, { ...one, 'store.url': 'http://elsewhere' }, { isStoreConfigured: false }), null)
  })

  it('are not at odds when one takes the place of the other', () => {
    refuseOverlap(claim('same', { topics: 'a' }), [claim('same', { topics: 'a' })], [])
  })
})
