import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import kafkajs from 'kafkajs'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type NamedPartition,
} from '../../../../src/adapters/kafka/group/consumer-protocol.ts'

const { AssignerProtocol } = kafkajs
const partitions = fc.uniqueArray(
  fc.record({ topic: fc.constantFrom('orders', 'Zahlungen'), partition: fc.nat() }, { noNullPrototype: true }),
  {
    selector: ({ topic, partition }) => `${topic}/${partition}`,
  },
)

function sorted(some: readonly NamedPartition[]): NamedPartition[] {
  return [...some].sort((one, other) => one.topic.localeCompare(other.topic) || one.partition - other.partition)
}

describe('the bytes of the consumer protocol', () => {
  it('bring back a subscription', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string()),
        partitions,
        fc.integer({ min: -1, max: 2 ** 31 - 1 }),
        (topics, owned, generation) => {
          const back = decodeSubscription(encodeSubscription({ topics, owned, generation }))
          assert.deepEqual([...back.topics].sort(), [...topics].sort())
          assert.deepEqual(sorted(back.owned), sorted(owned))
          assert.equal(back.generation, generation)
        },
      ),
    )
  })

  it('bring back an assignment', () => {
    fc.assert(
      fc.property(partitions, (some) => {
        assert.deepEqual(sorted(decodeAssignment(encodeAssignment(some))), sorted(some))
      }),
    )
    assert.deepEqual(decodeAssignment(Buffer.alloc(0)), [])
  })

  it('are as the protocol guide has them', () => {
    const subscription = encodeSubscription({ topics: ['t'], owned: [{ topic: 't', partition: 5 }], generation: 7 })
    const expected = [
      '0003', // version
      '00000001 0001 74', // topics
      'ffffffff', // no user data
      '00000001 0001 74 00000001 00000005', // owned partitions
      '00000007', // generation
      'ffff', // no rack
    ]
    assert.equal(subscription.toString('hex'), expected.join('').replaceAll(' ', ''))
    const assignment = encodeAssignment([{ topic: 't', partition: 5 }])
    assert.equal(assignment.toString('hex'), '0003 00000001 0001 74 00000001 00000005 ffffffff'.replaceAll(' ', ''))
  })

  it('are read from a member of an older version', () => {
    const older = AssignerProtocol.MemberMetadata.encode({ version: 0, topics: ['orders'], userData: Buffer.alloc(0) })
    assert.deepEqual(decodeSubscription(older), { topics: ['orders'], owned: [], generation: -1 })
  })

  it('are read by another client', () => {
    const bytes = encodeAssignment([{ topic: 'orders', partition: 3 }])
    assert.deepEqual(AssignerProtocol.MemberAssignment.decode(bytes)?.assignment, { orders: [3] })
  })
})
