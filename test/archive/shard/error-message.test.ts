import assert from 'node:assert/strict'
import test from 'node:test'
import { fromErrorMessage, toErrorMessage } from '../../../src/archive/shard/thread/error-message.ts'
import * as errors from '../../../src/errors.ts'

const { ColdstreamError: _, ...concrete } = errors

test('every class of errors keeps what it is between threads', () => {
  for (const Raised of Object.values(concrete)) {
    const raised = new Raised('some-code', 'what happened', { remedy: 'do this', details: { offset: '7' } })
    const arrived = fromErrorMessage(structuredClone(toErrorMessage(raised)))
    assert.ok(arrived instanceof Raised, Raised.name)
    const { code, message, remedy, details, stack } = arrived
    assert.deepEqual(
      { code, message, remedy, details, stack },
      { code: 'some-code', message: 'what happened', remedy: 'do this', details: { offset: '7' }, stack: raised.stack },
    )
  }
})

test('what was not raised on purpose arrives with its message and stack', () => {
  const raised = new TypeError('a bug')
  const arrived = fromErrorMessage(structuredClone(toErrorMessage(raised)))
  assert.equal(arrived.message, 'a bug')
  assert.equal(arrived.stack, raised.stack)
  assert.equal(fromErrorMessage(toErrorMessage('thrown text')).message, 'thrown text')
})
