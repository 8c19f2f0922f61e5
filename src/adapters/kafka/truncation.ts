import { DamagedDataError } from '../../errors.ts'

/** Where a position that the broker refused as out of range lies. */
export type OutOfRange =
  /** Below the log: what lies between was deleted. */
  | 'deleted'
  /** Above the log: what was read up to there is not in it any more. */
  | 'truncated'
  /** Within the log: the broker could not tell what the epoch before the position wrote, or it changed meanwhile. */
  | 'within'

/** Judges a refused position by the log's bounds, asked for after the refusal. */
export function judgeOutOfRange(position: bigint, logStart: bigint, highWatermark: bigint): OutOfRange {
  if (position < logStart) return 'deleted'
  return position > highWatermark ? 'truncated' : 'within'
}

/**
 * The broker lost records that were delivered before (an unclean leader election, or power lost before a flush), and
 * gives their offsets to other records. There is no gap to name that: the archive holds the rows, and the new records
 * of those offsets would be rows of the same offsets. So reading stops here, and a person decides.
 */
export function logTruncated(topic: string, partition: number, position: bigint, from: bigint): DamagedDataError {
  return new DamagedDataError(
    'log-truncated',
    `${topic}-${partition}: the broker's log was cut back to offset ${from}, but records up to ${position - 1n} were read from it before`,
    {
      remedy:
        `The archive keeps what it has; the broker gives offsets ${from} to ${position - 1n} to other records. Look for an ` +
        'unclean leader election. To go on, create the topic anew, or reset the partition at that offset without an epoch.',
      details: { topic, partition, position: String(position), truncatedTo: String(from) },
    },
  )
}
