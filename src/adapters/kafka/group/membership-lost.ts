import { UnavailableError } from '../../../errors.ts'

/** The group thought the member dead, and it has not joined again yet. */
export function membershipLost(group: string): UnavailableError {
  return new UnavailableError('group-membership-lost', `Group '${group}' does not count this member in now`, {
    remedy: 'It joins again by itself; if this happens often, look for long pauses of this process or the network.',
    details: { group },
  })
}
