import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import kafkajs from 'kafkajs'
import { keyPartition } from '../../src/replay/emit/murmur2.ts'

describe('the default partitioner', () => {
  it('puts every key where that of kafkajs puts it', () => {
    const partitioner = kafkajs.Partitioners.DefaultPartitioner()
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(9),
        (key, partitions, pad) => {
          const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
            ...{ partitionId, leader: 0, partitionErrorCode: 0, replicas: [], isr: [] },
          }))
          const message = { key: Buffer.from(key), value: null }
          const expected = partitioner({ topic: 't', partitionMetadata, message })
          const bytes = Buffer.concat([Buffer.alloc(pad, 7), key, Buffer.alloc(3, 9)])
          assert.equal(keyPartition(bytes, pad, key.length, partitions), expected)
        },
      ),
    )
  })
})
