import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { type MemoryHolder, ThreadMemory } from '../../../src/archive/shard/thread-memory.ts'

/** A partition that holds what it is given until it is told to close, and then as long as its store takes. */
class ToyPartition implements MemoryHolder {
  openBytes = 0
  closed = 0
  readonly rawBytes = 0
  readonly commits: MemoryHolder['commits']
  #committing: Promise<void> | null = null
  #waitingBytes: number[] = []
  readonly #isStoreAway: boolean

  constructor(isStoreAway: boolean) {
    this.#isStoreAway = isStoreAway
    const heldBytes = () => this.#waitingBytes.reduce((sum, bytes) => sum + bytes, 0)
    const count = () => this.#waitingBytes.length
    this.commits = {
      failure: null,
      get heldBytes() {
        return heldBytes()
      },
      get length() {
        return count()
      },
      idle: async () => {
        await this.#committing
      },
    }
  }

  get heldBytes(): number {
    return this.openBytes + this.commits.heldBytes
  }

  squeeze(): void {
    throw new Error('it has nothing to squeeze')
  }

  close(): void {
    if (this.openBytes === 0) return
    this.closed += 1
    this.#waitingBytes.push(this.openBytes)
    this.openBytes = 0
    this.#committing ??= this.#commit()
  }

  async #commit(): Promise<void> {
    if (this.#isStoreAway) await new Promise(() => undefined)
    while (this.#waitingBytes.length > 0) {
      await turn()
      this.#waitingBytes.shift()
    }
    this.#committing = null
  }
}

/** A shard that takes in so many bytes into one partition after the other. */
async function takeIn(
  memory: ThreadMemory,
  partitions: readonly ToyPartition[],
  pieces: readonly number[],
  onPiece: () => void = () => undefined,
) {
  const sharer = () => partitions
  memory.join(sharer)
  for (const [index, bytes] of pieces.entries()) {
    partitions[index % partitions.length]!.openBytes += bytes
    onPiece()
    await memory.tookIn(sharer, bytes)
    await turn()
  }
}

const toys = (count: number, isStoreAway = false) => Array.from({ length: count }, () => new ToyPartition(isStoreAway))
const held = (partitions: readonly ToyPartition[]) => partitions.reduce((sum, { heldBytes }) => sum + heldBytes, 0)

const maxBytes = 16_000
const pieceBytes = 500

test('shards together hold no more than their thread may, and none waits for a store that only others use', async () => {
  const shard = fc.record({
    partitions: fc.integer({ min: 1, max: 4 }),
    pieces: fc.array(fc.integer({ min: 1, max: pieceBytes }), { minLength: 1, maxLength: 150 }),
    isStoreAway: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(shard, { minLength: 1, maxLength: 6 }), async (shards) => {
      const memory = new ThreadMemory(maxBytes)
      const all: ToyPartition[] = []
      let most = 0
      const works = shards.map(({ partitions, pieces, isStoreAway }) => {
        const own = toys(partitions, isStoreAway)
        all.push(...own)
        const work = takeIn(memory, own, pieces, () => {
          most = Math.max(most, held(all))
        })
        return isStoreAway ? null : work
      })
      await Promise.all(works)
      assert.ok(most <= maxBytes + maxBytes / 16 + shards.length * pieceBytes, `${most} bytes were held`)
    }),
    { numRuns: 200 },
  )
})

test('one shard alone may hold all of it', async () => {
  const memory = new ThreadMemory(maxBytes)
  const [partition] = toys(1)
  await takeIn(memory, [partition!], Array(31).fill(500))
  assert.equal(partition!.openBytes, 15_500)
  assert.equal(partition!.closed, 0)
})

test('one that is busy has the fullest partition of another close', async () => {
  const memory = new ThreadMemory(maxBytes)
  const idle = toys(2)
  await takeIn(memory, idle, [4_500, 500, 4_500])
  const busy = toys(1)
  await takeIn(memory, busy, Array(15).fill(500))
  assert.deepEqual(
    idle.map(({ closed }) => closed),
    [1, 0],
  )
})

test('what is about to be committed is waited for before more is closed', async () => {
  const memory = new ThreadMemory(maxBytes)
  const partitions = toys(3)
  await takeIn(memory, partitions, [9_000, 4_000, 4_000, 10, 10, 10])
  assert.deepEqual(
    partitions.map(({ closed }) => closed),
    [1, 0, 0],
  )
})

test('a thread without shards keeps no buffers', () => {
  const memory = new ThreadMemory(1024 * 1024)
  const sharer = () => []
  memory.join(sharer)
  memory.pool.give(memory.pool.take(100_000))
  assert.ok(memory.pool.idleBytes > 0)
  memory.leave(sharer)
  assert.equal(memory.pool.idleBytes, 0)
})
