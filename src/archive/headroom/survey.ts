import { concurrently } from '../../catalog/concurrently.ts'
import { ColdstreamError, NotFoundError, UnavailableError } from '../../errors.ts'
import type { EventLog, TopicInfo } from '../../ports/event-log.ts'
import type { Log } from '../../ports/log.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { GroupPosition, PartitionBytes, RetentionSource } from '../../ports/retention.ts'
import type { PartitionStatus } from '../capture.ts'
import type { HeadroomThresholds } from './headroom.ts'
import { ArchivePositions } from './positions.ts'
import type { HeadroomReport } from './report.ts'
import { type TopicLog, TopicSurvey } from './topic-survey.ts'
import { type Trouble, Troubles } from './troubles.ts'

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

interface LookedTopic {
  survey: TopicSurvey
  log: TopicLog
}

/** One look under way. */
interface Look {
  nowMs: number
  failures: { topic: string; error: ColdstreamError }[]
  /** What was not told. */
  troubles: Trouble[]
}

/** Looks at broker and archive, and remembers what rates need. What it may not see it says once, and goes on without. */
export class Survey {
  readonly #parts: SurveyParts
  readonly #positions: ArchivePositions
  readonly #topics: Map<string, TopicSurvey> = new Map()
  readonly #troubles: Troubles

  constructor(parts: SurveyParts) {
    this.#parts = parts
    this.#positions = new ArchivePositions(parts.store)
    this.#troubles = new Troubles(parts.log)
  }

  /**
   * Logs are looked at before those who read them: what a reader has read and someone deletes meanwhile is no loss. Throws
   * UnavailableError when broker or store are out of reach. A topic that cannot be looked at is a failure in the report, as
   * long as there are others.
   */
  async look(nowMs: number): Promise<HeadroomReport> {
    const { eventLog, retention } = await this.#parts.broker()
    const look: Look = { nowMs, failures: [], troubles: [] }
    const logs = await this.#lookAtLogs(eventLog, retention, look)
    const infos = logs.map(({ survey }) => survey.info)
    const [sizes, groups] = await Promise.all([
      this.#optional<PartitionBytes[]>('sizes of partitions', look, () => retention.sizes(infos)),
      this.#groupPositions(retention, infos, look),
    ])
    const statuses = this.#statuses()
    const looked = await concurrently(logs, topicsAtOnce, ({ survey, log }) =>
      this.#attempt(survey.info.topic, look, async () =>
        survey.predict(log, {
          nowMs,
          positions: await this.#positions.of(survey.info, statuses, nowMs),
          sizes: sizes?.filter(({ topic }) => topic === survey.info.topic) ?? [],
          groups: groups?.filter(({ topic }) => topic === survey.info.topic) ?? [],
        }),
      ),
    )
    const topics = looked.filter((topic) => topic !== null)
    const { failures } = look
    if (topics.length === 0 && failures[0]?.error instanceof UnavailableError) throw failures[0].error
    this.#troubles.tell([...look.troubles, ...failures.map(failureTrouble)])
    return {
      atMs: nowMs,
      topics,
      failures: failures.map(({ topic, error: { code, message } }) => ({ topic, code, message })),
      groupsKnown: groups !== null,
      losses: this.#positions.takeLosses(),
    }
  }

  /** The topics that captures here or the archive know, as far as the broker has them. */
  async #lookAtLogs(
    eventLog: Pick<EventLog, 'describe'>,
    retention: RetentionSource,
    look: Look,
  ): Promise<LookedTopic[]> {
    const captured = new Set(this.#statuses().map(({ topic }) => topic))
    const listed = await this.#positions.topics(look.nowMs)
    const names = [...new Set([...listed, ...captured])].sort()
    const found = await concurrently(names, topicsAtOnce, (name) =>
      this.#attempt(name, look, async (): Promise<LookedTopic | null> => {
        const [info] = await eventLog.describe([name])
        if (info === undefined || !(captured.has(name) || (await this.#positions.knows(info)))) return null
        const survey = this.#surveyOf(info, retention)
        return { survey, log: await survey.look() }
      }),
    )
    return found.filter((topic) => topic !== null)
  }

  #statuses(): PartitionStatus[] {
    return this.#parts.captures().flatMap((capture) => capture.status())
  }

  async #groupPositions(
    retention: RetentionSource,
    topics: readonly TopicInfo[],
    look: Look,
  ): Promise<GroupPosition[] | null> {
    const ask = () => retention.groupPositions(topics.map(({ topic }) => topic))
    const found = await this.#optional('groups', look, ask)
    if (found === null) return null
    const own = this.#parts.ownGroups()
    const isWatched = (group: string) => this.#parts.groups.test(group) && !own.includes(group)
    for (const group of found.refused.filter(isWatched)) look.troubles.push(refusedTrouble(group))
    return found.positions.filter(({ group }) => isWatched(group))
  }

  /** Null where a permission is missing or a broker does not answer. When none does, the topics' own looks fail too. */
  async #optional<Answer>(what: string, { troubles }: Look, ask: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      const fields = { what, error: error.message, remedy: error.remedy }
      troubles.push({
        subject: `${what} ${error.code}`,
        message: 'headroom goes on without what it is not told',
        fields,
      })
      return null
    }
  }

  /** A topic's own trouble is noted; one that was deleted meanwhile is none. */
  async #attempt<Result>(topic: string, { failures }: Look, run: () => Promise<Result | null>): Promise<Result | null> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof ColdstreamError)) throw error
      if (!(error instanceof NotFoundError && error.code === 'topic-not-found')) failures.push({ topic, error })
      return null
    }
  }

  #surveyOf(info: TopicInfo, retention: RetentionSource): TopicSurvey {
    const known = this.#topics.get(info.topic)
    if (known?.info.incarnationId === info.incarnationId && known.info.partitions === info.partitions) return known
    const survey = new TopicSurvey(info, retention, this.#parts.thresholds)
    this.#topics.set(info.topic, survey)
    return survey
  }
}

function failureTrouble({ topic, error }: Look['failures'][number]): Trouble {
  const fields = { topic, error: error.message, remedy: error.remedy }
  return { subject: `topic ${topic} ${error.code}`, message: 'the headroom of a topic cannot be told', fields }
}

function refusedTrouble(group: string): Trouble {
  const remedy = 'Allow this client DESCRIBE on the group, or leave the group out with headroom.groupsRegex.'
  const message = 'the offsets of a group may not be seen, so its lag is not watched'
  return { subject: `group ${group}`, message, fields: { group, remedy } }
}
