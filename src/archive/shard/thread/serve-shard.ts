import type { MessagePort } from 'node:worker_threads'
import type { PartitionStatus, Shard, ShardListener } from '../shard.ts'
import { toErrorMessage } from './error-message.ts'
import type { FromShard, ToShard } from './messages.ts'

/** How often the other side learns where partitions stand. */
const statusEveryMs = 200

/**
 * Lets the other side of a port use a shard of this thread; resolves when the other side has closed it, or was told that it
 * could not be opened. `open` is given the listener that the shard tells.
 */
export async function serveShard(port: MessagePort, open: (listener: ShardListener) => Promise<Shard>): Promise<void> {
  const tell = (message: FromShard): void => port.postMessage(message)
  let shard: Shard
  try {
    shard = await open({
      committed: (range) => {
        // whoever hears of the commit finds it in the status
        tellStatus()
        tell({ kind: 'committed', range })
      },
      finished: (place) => {
        tellStatus()
        tell({ kind: 'finished', place })
      },
      failed: (place, error) => tell({ kind: 'failed', place, error: toErrorMessage(error) }),
    })
  } catch (error) {
    return tell({ kind: 'refused', error: toErrorMessage(error) })
  }
  const closed = Promise.withResolvers<void>()
  let told: readonly PartitionStatus[] = []
  const tellStatus = (): void => {
    const partitions = shard.status()
    if (isSame(partitions, told)) return
    told = partitions
    tell({ kind: 'status', partitions })
  }
  const telling = setInterval(tellStatus, statusEveryMs)
  const answer = (call: number, work: Promise<void>): Promise<void> =>
    work
      .then(
        () => null,
        (error: unknown) => toErrorMessage(error),
      )
      .then((error) => {
        tellStatus()
        tell({ kind: 'answer', call, error })
      })
      .catch((error: unknown) => closed.reject(error))
  port.on('message', (message: ToShard) => {
    switch (message.kind) {
      case 'take':
        void answer(message.call, shard.take(message.orders))
        return
      case 'release':
        void answer(message.call, shard.release(message.places))
        return
      case 'close':
        void answer(message.call, shard.close()).then(closed.resolve)
    }
  })
  tell({ kind: 'ready' })
  try {
    await closed.promise
  } finally {
    clearInterval(telling)
  }
}

function isSame(some: readonly PartitionStatus[], others: readonly PartitionStatus[]): boolean {
  return (
    some.length === others.length &&
    some.every((status, index) => {
      const other = others[index]!
      return (
        status.position === other.position &&
        status.archived === other.archived &&
        status.end === other.end &&
        status.partition === other.partition &&
        status.topic === other.topic
      )
    })
  )
}
