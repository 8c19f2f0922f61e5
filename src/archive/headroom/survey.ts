import { concurrently } from '../../catalog/concurrently.ts'
import { ColdstreamError, NotFoundError, UnavailableError } from '../../errors.ts'
import type { EventLog, TopicInfo } from '../../ports/event-log.ts'
import type { Log } from '../../ports/log.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { GroupPosition, PartitionBytes, RetentionSource } from '../../ports/retention.ts'
import type { PartitionStatus } from '../capture.ts'
import type { HeadroomThresholds } from '../headroom.ts'
import { ArchivePositions } from './positions.ts'
import type { HeadroomReport, LookFailure } from './report.ts'
import { Said } from './said.ts'
import { TopicSurvey } from './topic-survey.ts'

export interface SurveyParts {
  /** Connects on first use. */
  broker(): Promise<{ eventLog: Pick<EventLog, 'describe'>; retention: RetentionSource }>
  store: ObjectStore
  log: Log
  thresholds: HeadroomThresholds
  /** Groups whose lag is watched: those whose whole name matches. */
  groups: RegExp
  /** The captures that run here. */
  captures(): readonly { status(): PartitionStatus[] }[]
  /** Groups that the archive itself commits for, which say nothing that the archive does not. */
  ownGroups(): readonly string[]
}

const topicsAtOnce = 8

interface ArchivedTopic {
  info: TopicInfo
  /** Next offset to archive by partition. */
  positions: (bigint | null)[]
}

/** Looks at broker and archive, and remembers what rates need. What it may not see it says once, and goes on without. */
export class Survey {
  readonly #parts: SurveyParts
  readonly #positions: ArchivePositions
  readonly #topics: Map<string, TopicSurvey> = new Map()
  readonly #said: Said

  constructor(parts: SurveyParts) {
    this.#parts = parts
    this.#positions = new ArchivePositions(parts.store)
    this.#said = new Said(parts.log)
  }

  /** Throws UnavailableError when broker or store are out of reach; a topic that cannot be looked at is a failure in it. */
  async look(nowMs: number): Promise<HeadroomReport> {
    const { eventLog, retention } = await this.#parts.broker()
    const failures: LookFailure[] = []
    const archived = await this.#archivedTopics(eventLog, nowMs, failures)
    const identities = archived.map(({ info }) => info)
    const [sizes, groups] = await Promise.all([
      this.#allowed<PartitionBytes[]>('sizes', () => retention.sizes(identities)),
      this.#groupPositions(retention, identities),
    ])
    const topics = await concurrently(archived, topicsAtOnce, ({ info, positions }) =>
      this.#attempt(info.topic, failures, () =>
        this.#surveyOf(info, retention).look({
          nowMs,
          positions,
          sizes: sizes?.filter(({ topic }) => topic === info.topic) ?? [],
          groups: groups?.filter(({ topic }) => topic === info.topic) ?? [],
        }),
      ),
    )
    return {
      atMs: nowMs,
      topics: topics.filter((topic) => topic !== null),
      failures,
      groupsKnown: groups !== null,
      losses: this.#positions.takeLosses(),
    }
  }

  async #archivedTopics(
    eventLog: Pick<EventLog, 'describe'>,
    nowMs: number,
    failures: LookFailure[],
  ): Promise<ArchivedTopic[]> {
    const statuses = this.#parts.captures().flatMap((capture) => capture.status())
    const listed = await this.#positions.topics(nowMs)
    const names = [...new Set([...listed, ...statuses.map(({ topic }) => topic)])].sort()
    const found = await concurrently(names, topicsAtOnce, (name) =>
      this.#attempt(name, failures, async (): Promise<ArchivedTopic | null> => {
        const [info] = await eventLog.describe([name])
        if (info === undefined) return null
        const captures = statuses.filter(({ topic }) => topic === name)
        const positions = await this.#positions.of(info, captures, nowMs)
        return positions === null ? null : { info, positions }
      }),
    )
    return found.filter((topic) => topic !== null)
  }

  async #groupPositions(retention: RetentionSource, topics: readonly TopicInfo[]): Promise<GroupPosition[] | null> {
    const found = await this.#allowed('groups', () => retention.groupPositions(topics.map(({ topic }) => topic)))
    if (found === null) return null
    for (const group of found.refused) {
      this.#said.once(`group ${group}`, 'the offsets of a group may not be seen, so its lag is not watched', {
        group,
        remedy: 'Allow this client DESCRIBE on the group, or leave the group out with headroom.groupsRegex.',
      })
    }
    const own = this.#parts.ownGroups()
    return found.positions.filter(({ group }) => this.#parts.groups.test(group) && !own.includes(group))
  }

  /** Null where this client lacks the permission, which is said once. */
  async #allowed<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof UnavailableError && error.code === 'broker-permission-denied')) throw error
      this.#said.once(what, 'a permission is missing; headroom goes on without what it would tell', {
        error: error.message,
        remedy: error.remedy,
      })
      return null
    }
  }

  /** A topic's own trouble is noted and said once; one that was deleted meanwhile is none. */
  async #attempt<Result>(
    topic: string,
    failures: LookFailure[],
    look: () => Promise<Result | null>,
  ): Promise<Result | null> {
    try {
      return await look()
    } catch (error) {
      if (!(error instanceof ColdstreamError)) throw error
      if (error instanceof NotFoundError && error.code === 'topic-not-found') return null
      const { code, message, remedy } = error
      failures.push({ topic, code, message })
      this.#said.once(`${topic} ${code}`, 'the headroom of a topic cannot be told', { topic, error: message, remedy })
      return null
    }
  }

  #surveyOf(info: TopicInfo, retention: RetentionSource): TopicSurvey {
    const known = this.#topics.get(info.topic)
    if (known?.info.incarnationId === info.incarnationId) return known
    const survey = new TopicSurvey(info, retention, this.#parts.thresholds)
    this.#topics.set(info.topic, survey)
    return survey
  }
}
