import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Slots } from '../../src/query/slots.ts'

const never = new AbortController().signal

describe('Slots', () => {
  it('let the first ones in, the others in the order they came, and send one too many away', async () => {
    const slots = new Slots(1, 2)
    const order: string[] = []
    const enter = async (name: string) => {
      const leave = await slots.take(never)
      order.push(name)
      return leave
    }
    const leave = await enter('a')
    const waiting = [enter('b'), enter('c')]
    await assert.rejects(slots.take(never), { code: 'queries-busy' })
    leave()
    leave()
    const leaveB = await waiting[0]!
    assert.deepEqual(order, ['a', 'b'])
    leaveB()
    await waiting[1]
    assert.deepEqual(order, ['a', 'b', 'c'])
  })

  it('take one who gives up out of the line', async () => {
    const slots = new Slots(1, 1)
    const leave = await slots.take(never)
    const impatient = new AbortController()
    const waiting = slots.take(impatient.signal)
    impatient.abort(new Error('too long'))
    await assert.rejects(waiting, { message: 'too long' })
    const next = slots.take(never)
    leave()
    await next
  })
})
