import type { Consumer, EachBatchPayload } from 'kafkajs'
import type { Phase, RebuildThenFollowOptions } from './options.ts'
import type { PartitionOffsets } from './partition-offsets.ts'

/** A consumer at work, until `end` is settled. */
export interface Consumption {
  readonly consumer: Consumer
  /** Rejects when the consumer cannot go on, with the error of `apply` or of kafkajs, or with the signal's reason. */
  readonly end: PromiseWithResolvers<void>
  /**
   * Subscribes, and resolves when the group has taken the consumer in. `onJoin` is called whenever it has, also after others came
   * or went: nothing is applied meanwhile.
   */
  run(topics: readonly string[], onJoin?: () => Promise<void>): Promise<void>
  /** Commits offsets with the note. */
  commit(offsets: PartitionOffsets): Promise<void>
  /** Leaves the group; what is being applied is finished before. */
  close(): Promise<void>
}

/** Called with the offset after what was applied and committed. */
export type OnApplied = (topic: string, partition: number, next: bigint) => void

/** Makes a consumer that applies what it reads, committed transactions only, and then commits its offsets with the note. */
export function consumption(
  options: RebuildThenFollowOptions,
  phase: Phase,
  note: string,
  onApplied: OnApplied = () => undefined,
): Consumption {
  const { kafka, groupId, signal } = options
  // a fetch that waits for records holds up the leaving of the group
  const consumer = kafka.consumer({ maxWaitTimeInMs: 500, ...options.consumer, groupId, readUncommitted: false })
  const end = Promise.withResolvers<void>()
  // whoever waits hears of it; without anyone it must not end the process
  end.promise.catch(() => undefined)
  const abort = (): void => end.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) end.reject(payload.error)
  })
  let stopped = false
  /** What is being applied and committed. */
  const working = new Set<Promise<void>>()
  const take = async (payload: EachBatchPayload): Promise<void> => {
    const { batch, heartbeat, isRunning } = payload
    if (stopped || !isRunning()) return
    const { topic, partition, messages } = batch
    try {
      await options.apply({ topic, partition, messages }, phase)
    } catch (error) {
      // kafkajs would give the same records again and again
      stopped = true
      end.reject(error)
      return
    }
    const next = BigInt(batch.lastOffset()) + 1n
    await consumer.commitOffsets([{ topic, partition, offset: String(next), metadata: note }])
    payload.resolveOffset(batch.lastOffset())
    onApplied(topic, partition, next)
    await heartbeat()
  }
  return {
    consumer,
    end,
    async run(topics, onJoin = async () => undefined) {
      let joined: Promise<void> = Promise.resolve()
      const join = async (): Promise<void> => {
        await Promise.allSettled(working)
        try {
          await onJoin()
        } catch (error) {
          stopped = true
          end.reject(error)
        }
      }
      consumer.on(consumer.events.GROUP_JOIN, () => {
        joined = join()
      })
      await consumer.connect()
      await consumer.subscribe({ topics: [...topics], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async (payload) => {
          await joined
          const taking = take(payload)
          working.add(taking)
          await taking.finally(() => working.delete(taking))
        },
      })
      await joined
    },
    async commit(offsets) {
      const positions = Array.from(offsets, ({ offset, ...place }) => ({
        ...place,
        offset: String(offset),
        metadata: note,
      }))
      if (positions.length > 0) await consumer.commitOffsets(positions)
    },
    async close() {
      signal.removeEventListener('abort', abort)
      stopped = true
      // kafkajs would leave the group before the last commit
      await Promise.allSettled(working)
      await consumer.disconnect()
    },
  }
}
