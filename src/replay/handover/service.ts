import { listIncarnations } from '../../catalog/incarnations.ts'
import { ConflictError, InvalidInputError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog, TopicIdentity, TopicInfo } from '../../ports/event-log.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { Finding } from '../plan/finding.ts'
import { listSkipped, type SkippedSegment } from '../read/skipped-segment.ts'
import { ReplayRecords } from '../run/replay-records.ts'
import { differencesOf, type Handover, type HandoverSource, type HandoverTarget, troublesOf } from './handover.ts'
import { liveOffsets, type ReplayedSource } from './live-offsets.ts'
import { type Replayed, replayedBy } from './replayed.ts'

export interface HandoverOptions {
  store: ObjectStore
  eventLog: EventLog
  clock: Clock
}

/** Says where consumers go on live after a replay, and puts a group there. Keeps nothing. */
export class Handovers {
  readonly #store: ObjectStore
  readonly #eventLog: EventLog
  readonly #records: ReplayRecords

  constructor({ store, eventLog, clock }: HandoverOptions) {
    this.#store = store
    this.#eventLog = eventLog
    this.#records = new ReplayRecords(store, clock)
  }

  /**
   * Where live consumption goes on after a completed replay, without hole or repeat, as the broker is now. Throws
   * NotFoundError `replay-not-found`, ConflictError `replay-not-completed`, and `handover-not-possible` for a replay that no
   * offset divides from what comes live.
   */
  async of(id: string): Promise<Handover> {
    const stored = await this.#records.load(id)
    const { state, targets: incarnations } = await this.#records.state(stored)
    if (state !== 'completed') throw notCompleted(id, state)
    const replayed = replayedBy(stored)
    if (replayed.untilTimestampMs !== null) throw boundedByTime(id, replayed.untilTimestampMs)
    const warnings: Finding[] = differencesOf(replayed)
    const skipped = await listSkipped(this.#store, id)
    if (skipped.length > 0) warnings.push(passedOver(skipped))
    const sources: HandoverSource[] = []
    for (const source of replayed.sources) sources.push(await this.#source(source, replayed, warnings))
    const targets: HandoverTarget[] = []
    for (const topic of replayed.targets)
      targets.push(await this.#target(topic, incarnations?.[topic] ?? null, warnings))
    return { replay: id, sources, targets, warnings }
  }

  /**
   * Commits the offsets of `of` for a group, which then goes on live from there, whatever it had committed before. All of
   * them or none. Throws what `of` throws; InvalidInputError `group-id-invalid`; ConflictError `handover-refused` with the
   * errors found, `group-active` while the group has members.
   */
  async commit(id: string, groupId: unknown): Promise<Handover> {
    if (typeof groupId !== 'string' || !/^[^\p{Cc}]{1,249}$/u.test(groupId)) throw badGroup()
    const handover = await this.of(id)
    const errors = handover.warnings.filter(({ severity }) => severity === 'error')
    if (errors.length > 0) throw refused(id, errors)
    const identities = await this.#eventLog.describe(handover.sources.map(({ topic }) => topic))
    const idOf = new Map(identities.map(({ topic, incarnationId }) => [topic, incarnationId]))
    const positions = handover.sources.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => ({
        topic,
        incarnationId: idOf.get(topic) ?? '',
        partition,
        next: BigInt(offset),
      })),
    )
    await this.#eventLog.commitGroupOffsets(groupId, positions)
    return handover
  }

  /** Adds what it finds to `warnings`. */
  async #source(source: ReplayedSource, replayed: Replayed, warnings: Finding[]): Promise<HandoverSource> {
    const { topic, incarnation } = source
    const known = await listIncarnations(this.#store, topic)
    const identity = known.find((candidate) => candidate.incarnation === incarnation)
    const [atBroker] = await this.#eventLog.describe([topic])
    if (atBroker === undefined || atBroker.incarnationId !== identity?.incarnationId) {
      warnings.push(otherTopic(topic, incarnation, atBroker))
      const partitions = source.partitions.map(({ partition, until }) => ({ partition, offset: String(until) }))
      return { topic, incarnation, partitions }
    }
    const live = await this.#eventLog.bounds(atBroker, numbersOf(atBroker))
    const offsets = liveOffsets(source, live, !replayed.somePartitions)
    warnings.push(...troublesOf(topic, offsets))
    if (offsets.length < live.length) warnings.push(leftOut(topic, offsets.length, live.length))
    const partitions = offsets.map(({ partition, offset }) => ({ partition, offset: String(offset) }))
    return { topic, incarnation, partitions }
  }

  async #target(topic: string, incarnationId: string | null, warnings: Finding[]): Promise<HandoverTarget> {
    const [atBroker] = await this.#eventLog.describe([topic])
    if (atBroker === undefined || (incarnationId !== null && atBroker.incarnationId !== incarnationId)) {
      warnings.push(targetGone(topic))
      return { topic, partitions: [] }
    }
    const bounds = await this.#eventLog.bounds(atBroker, numbersOf(atBroker))
    return { topic, partitions: bounds.map(({ partition, end }) => ({ partition, endOffset: String(end) })) }
  }
}

function numbersOf({ partitions }: Pick<TopicInfo, 'partitions'>): number[] {
  return Array.from({ length: partitions }, (_, partition) => partition)
}

function otherTopic(topic: string, incarnation: number, atBroker: TopicIdentity | undefined): Finding {
  if (atBroker === undefined) {
    return {
      severity: 'error',
      code: 'source-gone',
      message: `the broker has no topic ${topic} any more: nothing comes live`,
      remedy: 'What was replayed is all there is; a group needs no offsets for it.',
    }
  }
  return {
    severity: 'error',
    code: 'source-recreated',
    message: `the broker's ${topic} was created again since what was replayed (incarnation ${incarnation}): these offsets mean nothing in it`,
    remedy:
      'Let the group begin at the first offset of the new topic; what the archive holds of the old one after the replay can be replayed by its incarnation.',
  }
}

function leftOut(topic: string, some: number, all: number): Finding {
  return {
    severity: 'warning',
    code: 'partitions-left-out',
    message: `${some} of the ${all} partitions of ${topic} were replayed; for the others there is no offset here`,
    remedy: 'Replay all partitions, or let the consumer take only these.',
  }
}

function passedOver(skipped: readonly SkippedSegment[]): Finding {
  const records = skipped.reduce((sum, segment) => sum + segment.records, 0)
  return {
    severity: 'warning',
    code: 'segments-skipped',
    message: `up to ${records} records of ${skipped.length} damaged segments are not in the target, which was accepted`,
    remedy: 'The status of the replay names them; restore the segments and replay again if they matter.',
  }
}

function targetGone(topic: string): Finding {
  return {
    severity: 'warning',
    code: 'target-gone',
    message: `the target ${topic} was deleted since the replay completed`,
    remedy: 'If its records were not consumed before, replay again under a new id.',
  }
}

function notCompleted(id: string, state: string): ConflictError {
  return new ConflictError(
    'replay-not-completed',
    `replay ${id} is ${state}: where to go on is known once it completed`,
    {
      remedy: 'Wait for its end; a replay that failed or was cancelled goes on when it is asked for again.',
      details: { id, state },
    },
  )
}

function boundedByTime(id: string, untilMs: number): ConflictError {
  const until = new Date(untilMs).toISOString()
  return new ConflictError(
    'handover-not-possible',
    `replay ${id} left out records with timestamps from ${until} on, wherever they stand: no offset divides what it emitted from what comes live`,
    {
      remedy: 'Replay without an end in time (time.to), or with one in offsets (offsets.to), and hand over from that.',
      details: { id },
    },
  )
}

function badGroup(): InvalidInputError {
  return new InvalidInputError('group-id-invalid', 'groupId must be the name of a consumer group', {
    remedy: 'Send {"groupId": "<name>"}.',
  })
}

function refused(id: string, errors: readonly Finding[]): ConflictError {
  return new ConflictError('handover-refused', errors.map(({ message }) => message).join('; '), {
    remedy: [...new Set(errors.map(({ remedy }) => remedy))].join(' '),
    details: { id, findings: errors.map(({ code }) => code) },
  })
}
