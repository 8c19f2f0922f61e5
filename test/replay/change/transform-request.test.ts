import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readTransform, type TransformRequest, transformToJson } from '../../../src/replay/change/transform-request.ts'
import { Shape } from '../../../src/replay/request/shape.ts'

function read(value: unknown): { transform: TransformRequest | null; problems: readonly string[] } {
  const shape = new Shape()
  return { transform: readTransform(value, 'transform', shape), problems: shape.problems }
}

describe('a transform', () => {
  it('that is left out, or changes nothing, is none', () => {
    for (const nothing of [undefined, {}, { stamp: false }, { dropHeaders: [] }]) {
      assert.deepEqual(read(nothing), { transform: null, problems: [] })
    }
  })

  it('stops at the first failing event, unless there is a topic for dead letters', () => {
    assert.equal(read({ upcaster: 'orders-v2' }).transform?.maxDeadLetters, 0)
    const { transform } = read({ upcaster: 'orders-v2', deadLetterTopic: 'failed' })
    assert.deepEqual([transform?.deadLetterTopic, transform?.maxDeadLetters], ['failed', 1_000])
  })

  it('names every problem at once', () => {
    const { transform, problems } = read({
      upcaster: '../x',
      stamp: 'yes',
      dropHeaders: ['a', 1],
      maxDeadLetters: 0,
      deadletters: true,
    })
    assert.equal(transform, null)
    for (const place of ['transform', 'transform.upcaster', 'transform.stamp', 'transform.dropHeaders']) {
      assert.ok(
        problems.some((problem) => problem.startsWith(`${place}: `)),
        `${place}: ${problems.join('\n')}`,
      )
    }
    assert.equal(problems.filter((problem) => problem.startsWith('transform.maxDeadLetters: ')).length, 2)
  })

  it('takes no name that leads out of the folder', () => {
    for (const upcaster of [
      '../x',
      'a/b',
      'a\\b',
      '..',
      '.',
      '',
      'a.ts',
      '/etc/passwd',
      'a\0',
      `${'a'.repeat(65)}`,
      7,
    ]) {
      assert.equal(read({ upcaster }).problems.length, 1, String(upcaster))
    }
  })

  it('has a topic for dead letters only with an upcaster, and a limit only with the topic', () => {
    assert.match(read({ stamp: true, deadLetterTopic: 'failed' }).problems.join(), /there is no "upcaster"/)
    assert.match(read({ upcaster: 'a', maxDeadLetters: 5 }).problems.join(), /goes with "deadLetterTopic"/)
  })

  it('is the same whatever order its header keys were in', () => {
    const one = read({ dropHeaders: ['b', 'a', 'b'], stamp: true }).transform
    const other = read({ stamp: true, dropHeaders: ['a', 'b'] }).transform
    assert.deepEqual(transformToJson(one!), transformToJson(other!))
  })

  it('is read again from its JSON as it was', () => {
    const given = fc.record(
      {
        upcaster: fc.constantFrom('orders-v2', 'A_1'),
        stamp: fc.boolean(),
        dropHeaders: fc.array(fc.string({ maxLength: 5 })),
        deadLetterTopic: fc.constant('failed'),
        maxDeadLetters: fc.integer({ min: 1, max: 5_000 }),
      },
      { requiredKeys: ['upcaster', 'deadLetterTopic'], noNullPrototype: true },
    )
    fc.assert(
      fc.property(given, (json) => {
        const { transform, problems } = read(json)
        assert.deepEqual(problems, [])
        const again: unknown = JSON.parse(JSON.stringify(transformToJson(transform!)))
        assert.deepEqual(read(again).transform, transform)
      }),
    )
  })
})
