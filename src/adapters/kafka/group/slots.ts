import type { AssignedPartition, GroupListener, WorkListener } from '../../../ports/group-membership.ts'
import type { NamedPartition } from './consumer-protocol.ts'
import type { Divisible } from './divisible.ts'

const prefix = 'slots-'

/**
 * What slots are in the terms of a group: partitions of a topic that no broker has. Their number is in its name, so that
 * whoever leads can divide for members that know another number.
 */
export function slotsTopic(slots: number): string {
  return `${prefix}${slots}`
}

/** Numbered slots, which stay as they are. */
export class Slots implements Divisible {
  // Not `consumer`: lag tools would look for the topic.
  readonly protocolType: string = 'coldstream-work'
  readonly outdated: boolean = false

  look(): Promise<void> {
    return Promise.resolve()
  }

  divide(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return Promise.resolve(new Map(topics.map((topic) => [topic, Number(topic.slice(prefix.length))])))
  }

  follow(): void {
    // Nothing of a division is remembered.
  }

  identify(partitions: readonly NamedPartition[]): { partitions: AssignedPartition[]; complete: boolean } {
    return { partitions: partitions.map((slot) => ({ ...slot, incarnationId: slot.topic })), complete: true }
  }
}

/** Tells a listener of slots what a group tells of partitions. */
export function slotListener(listener: WorkListener): GroupListener {
  return {
    assigned: (partitions) => listener.assigned(partitions.map(({ partition }) => partition).sort((a, b) => a - b)),
    failed: (error) => listener.failed(error),
  }
}
