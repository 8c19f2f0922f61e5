import type { Admin } from 'kafkajs'
import { RebuildError } from '../errors.ts'
import { type Consumption, consumption, type OnApplied } from './consume.ts'
import { committedOffsets } from './group.ts'
import type { RebuildThenFollowOptions } from './options.ts'
import type { PartitionOffsets } from './partition-offsets.ts'

/**
 * Applies everything that the replay writes into its targets, and leaves the group. `ends`: the targets' end offsets, once the
 * replay completed; reading begins before. Goes on after what the group committed in an earlier start.
 */
export async function rebuild(
  options: RebuildThenFollowOptions,
  admin: Admin,
  targets: readonly string[],
  ends: Promise<PartitionOffsets>,
): Promise<void> {
  const positions = await committedOffsets(admin, options.groupId, targets)
  let known: PartitionOffsets | null = null
  const onRead: OnApplied = (topic, partition, next) => {
    positions.set(topic, partition, next)
    if (known !== null && positions.reach(known)) reading.end.resolve()
  }
  const reading: Consumption = consumption(options, 'rebuild', '', onRead)
  try {
    await takeAllPartitions(reading, options.groupId, targets, admin)
    tellMarkers(reading, onRead)
    ends.then((all) => {
      known = all
      if (positions.reach(all)) reading.end.resolve()
    }, reading.end.reject)
    await reading.run(targets)
    await reading.end.promise
    // the last transaction's marker too: the next start sees at once that nothing is left
    await reading.commit(await ends)
  } finally {
    await reading.close()
  }
}

/**
 * The end of a partition is usually a transaction's marker, which kafkajs hands to nobody. But its events tell of every fetch
 * that held something, also if that was only a marker.
 */
function tellMarkers({ consumer }: Consumption, onRead: OnApplied): void {
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset, batchSize } }) => {
    if (batchSize === 0) onRead(topic, partition, BigInt(lastOffset) + 1n)
  })
}

/** Fails as soon as another member gets a part of the targets: nobody would know when all is read. */
async function takeAllPartitions(
  { consumer, end }: Consumption,
  groupId: string,
  targets: readonly string[],
  admin: Admin,
): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [...targets] })
  const all = topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
  consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
    const assigned = Object.values(memberAssignment).reduce((sum, partitions) => sum + partitions.length, 0)
    if (assigned === all) return
    end.reject(
      new RebuildError(
        'group-active',
        `the group ${groupId} gave ${all - assigned} of the replay's ${all} partitions to another member`,
        'Rebuild a model with one process; others may join once it follows.',
      ),
    )
  })
}
