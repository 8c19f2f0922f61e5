import type { OffsetRun } from '../../format/gaps.ts'

/** Something in the archive that is not as the commit log says. */
export interface Finding {
  code: FindingCode
  /** Path of the object, or of the partition's log, that it is about. */
  object: string
  /** Offsets that it is about, ascending; absent when it is not about offsets. */
  offsets?: readonly OffsetRun[]
  message: string
  /** What to do about it. */
  remedy: string
}

export type FindingCode = keyof typeof remedies

const remedies = {
  'segment-missing':
    'Restore the object from a backup or an older version in the object store; the log names it with its checksum.',
  'segment-changed':
    'Restore the object from a backup or an older version in the object store; segments never change once they are written.',
  'segment-damaged':
    'Restore the object from a backup; it was stored in this state, so capture its offsets again if there is none.',
  'segment-misplaced': 'Find out who wrote this object and restore the one that the log names from a backup.',
  'segment-unknown':
    'Find out who wrote this object and move it out of the archive: engines that list the folder read its rows too.',
  'offsets-missing':
    'Restore the partition from a backup; if the source still has these offsets, archive it under a new root.',
  'offsets-twice':
    'Restore the segments of this partition from a backup; reading it now gives these records more than once.',
  'offsets-gap-and-row': 'Restore the partition’s segments and log from the same backup.',
} as const

/** A finding with its remedy. */
export function finding(code: FindingCode, object: string, message: string, offsets?: readonly OffsetRun[]): Finding {
  return { code, object, message, remedy: remedies[code], ...(offsets && { offsets }) }
}
