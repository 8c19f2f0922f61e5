import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { messagesOf } from '../../../src/archive/headroom/alert-message.ts'
import { type Alert, AlertBook } from '../../../src/archive/headroom/alerts.ts'
import type { Condition } from '../../../src/archive/headroom/conditions.ts'

const facts = {
  position: 9_007_199_254_740_993n,
  logStart: 0n,
  end: 9_007_199_254_740_999n,
  pendingRecords: 6n,
  timeToLossMs: 61_900,
  shareLeft: 0.4,
  lost: null,
}
const condition = (level: Condition['level'], partition = 0): Condition => ({
  id: `headroom/orders/${partition}`,
  kind: 'headroom',
  level,
  topic: 'orders',
  partition,
  group: null,
  summary: `orders-${partition} ${level}`,
  remedy: 'look',
  facts,
})
type Level = Condition['level'] | 'ok' | 'unseen'

/** What is told when looks, a second apart, find these levels. */
function tell(levels: readonly Level[], repeatMs = 0): string[] {
  const book = new AlertBook(repeatMs)
  return levels.flatMap((level, second) => {
    const conditions = level === 'ok' || level === 'unseen' ? [] : [condition(level)]
    const alerts = book.update({ conditions, couldSee: () => level !== 'unseen' }, second * 1_000)
    return alerts.map((alert) => `${second}s ${alert.state} ${alert.level} since ${alert.sinceMs / 1_000}s`)
  })
}

describe('alerts', () => {
  it('fire once per level and are resolved', () => {
    assert.deepEqual(tell(['ok', 'warn', 'warn', 'critical', 'critical', 'lost', 'ok', 'ok', 'ok']), [
      '1s firing warn since 1s',
      '3s firing critical since 1s',
      '5s firing lost since 1s',
      '7s resolved lost since 1s',
    ])
  })

  it('believe what is better only when two looks agree', () => {
    assert.deepEqual(tell(['warn', 'ok', 'warn', 'ok', 'warn', 'ok', 'ok']), [
      '0s firing warn since 0s',
      '6s resolved warn since 0s',
    ])
    assert.deepEqual(tell(['critical', 'warn', 'critical', 'warn', 'warn', 'warn']), [
      '0s firing critical since 0s',
      '4s firing warn since 0s',
    ])
  })

  it('are told again after the configured time, never before', () => {
    assert.deepEqual(tell(Array(8).fill('warn'), 3_000), [
      '0s firing warn since 0s',
      '3s firing warn since 0s',
      '6s firing warn since 0s',
    ])
  })

  it('of what could not be seen are neither repeated nor resolved', () => {
    assert.deepEqual(tell(['warn', 'unseen', 'unseen', 'unseen', 'warn', 'ok', 'ok'], 2_000), [
      '0s firing warn since 0s',
      '4s firing warn since 0s',
      '6s resolved warn since 0s',
    ])
  })

  it('for any course of levels: every resolved follows a firing, and none fires twice with the same level', () => {
    const levels = fc.array(fc.constantFrom<Level>('ok', 'warn', 'critical', 'lost', 'unseen'), { maxLength: 60 })
    fc.assert(
      fc.property(levels, (course) => {
        let told = 'ok'
        for (const line of tell([...course, 'ok', 'ok'])) {
          const [, state, level] = line.split(' ')
          if (state === 'resolved') assert.notEqual(told, 'ok')
          else assert.notEqual(told, level)
          told = state === 'resolved' ? 'ok' : level!
        }
        assert.equal(told, 'ok')
      }),
    )
  })

  it('are written as JSON with offsets above 2^53 exact, a hundred a message', () => {
    const alert = (partition: number): Alert => ({
      ...condition('warn', partition),
      state: 'firing',
      sinceMs: 0,
      atMs: 1_000,
    })
    const messages = messagesOf(Array.from({ length: 101 }, (_, partition) => alert(partition)))
    assert.deepEqual(
      messages.map(({ ids }) => ids.length),
      [100, 1],
    )
    assert.deepEqual(JSON.parse(messages[1]!.body), {
      version: 1,
      alerts: [
        {
          id: 'headroom/orders/100',
          kind: 'headroom',
          state: 'firing',
          level: 'warn',
          topic: 'orders',
          partition: 100,
          group: null,
          summary: 'orders-100 warn',
          remedy: 'look',
          since: '1970-01-01T00:00:00.000Z',
          at: '1970-01-01T00:00:01.000Z',
          position: '9007199254740993',
          logStart: '0',
          end: '9007199254740999',
          pendingRecords: '6',
          timeToLossSeconds: 61,
          shareLeft: 0.4,
          lost: null,
        },
      ],
    })
    assert.deepEqual(messagesOf([]), [])
  })
})
