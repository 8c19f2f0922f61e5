import { Type } from 'typebox'
import type { Headroom } from '../../archive/headroom/headroom.ts'
import type { HeadroomReport, TopicHeadroom } from '../../archive/headroom/report.ts'
import { NotFoundError } from '../../errors.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'

const Offset = Type.String({ pattern: '^\\d+$', description: 'A 64-bit offset, as text.' })
const orNull = (text: string) => ({ description: text })
const Archived = Type.Union([Offset, Type.Null()], orNull('Next offset to archive; null: nothing is archived.'))

const prediction = {
  logStart: Offset,
  end: Offset,
  pendingRecords: Type.String({ description: 'Offsets that are there and not read yet, as text.' }),
  lostRecords: Type.String({ description: 'Offsets that were deleted before they were read, as text.' }),
  timeToLossSeconds: Type.Union(
    [Type.Number({ minimum: 0 }), Type.Null()],
    orNull('Until the first pending record may be deleted, at the earliest; null: never, as things are.'),
  ),
  shareLeft: Type.Union(
    [Type.Number({ minimum: 0, maximum: 1 }), Type.Null()],
    orNull('Share of retention left for the first pending record; null: nothing limits it.'),
  ),
  level: Type.Enum(['ok', 'warn', 'critical', 'lost']),
}

const TopicHeadroomSchema = Type.Object({
  topic: Type.String(),
  retentionMs: Type.Union([Type.Number(), Type.Null()], orNull('`retention.ms`; null: unlimited.')),
  retentionBytes: Type.Union([Type.Number(), Type.Null()], orNull('`retention.bytes`; null: unlimited.')),
  partitions: Type.Array(Type.Object({ partition: Type.Integer(), archived: Archived, ...prediction })),
  groups: Type.Array(
    Type.Object({
      group: Type.String(),
      partition: Type.Integer(),
      position: Type.String({ description: 'Next offset the group will read, as text.' }),
      archived: Archived,
      ...prediction,
    }),
  ),
})

const At = Type.String({ format: 'date-time', description: 'When it was looked.' })

const Report = Type.Object({
  at: At,
  topics: Type.Array(TopicHeadroomSchema),
  failures: Type.Array(Type.Object({ topic: Type.String(), code: Type.String(), message: Type.String() }), {
    description: 'Topics that could not be looked at.',
  }),
  groupsKnown: Type.Boolean({ description: 'False when the broker does not let this client see groups.' }),
})

const Params = Type.Object({ topic: Type.String({ minLength: 1, maxLength: 249 }) })

/** How long until retention deletes what is not archived, or not read by a group, yet. */
export function headroomRoutes(server: Server, { headroom }: Services): void {
  server.get('/v1/headroom', { schema: { tags: ['topics'], response: { 200: Report } } }, async () => {
    const { atMs, topics, failures, groupsKnown } = await headroom.current()
    return { at: isoTime(atMs), topics: topics.map(toTopic), failures, groupsKnown }
  })

  server.get(
    '/v1/topics/:topic/headroom',
    {
      schema: {
        tags: ['topics'],
        params: Params,
        response: { 200: Type.Intersect([Type.Object({ at: At }), TopicHeadroomSchema]) },
      },
    },
    async ({ params }) => {
      const report = await headroom.current()
      const found = report.topics.find(({ topic }) => topic === params.topic)
      if (found === undefined) throw notWatched(params.topic, report)
      return { at: isoTime(report.atMs), ...toTopic(found) }
    },
  )
}

function notWatched(topic: string, { failures }: HeadroomReport): NotFoundError {
  const failure = failures.find((candidate) => candidate.topic === topic)
  const reason = failure?.message ?? 'the broker has no such topic, or the archive holds nothing of it'
  return new NotFoundError('headroom-unknown', `The headroom of topic '${topic}' is not known: ${reason}`, {
    remedy: 'Name a topic that is archived and that the broker still has; GET /v1/headroom lists them.',
    details: { topic },
  })
}

function toTopic({ topic, limits, partitions, groups }: TopicHeadroom) {
  return {
    topic,
    retentionMs: limits.ms,
    retentionBytes: limits.bytes,
    partitions: partitions.map((at) => ({
      partition: at.partition,
      archived: at.archived === null ? null : String(at.archived),
      ...toPrediction(at),
    })),
    groups: groups.map((at) => ({
      group: at.group,
      partition: at.partition,
      position: String(at.position),
      archived: at.archived === null ? null : String(at.archived),
      ...toPrediction(at),
    })),
  }
}

function toPrediction(at: Headroom & { logStart: bigint; end: bigint }) {
  return {
    logStart: String(at.logStart),
    end: String(at.end),
    pendingRecords: String(at.pendingRecords),
    lostRecords: String(at.lostRecords),
    timeToLossSeconds: at.timeToLossMs === null ? null : at.timeToLossMs / 1000,
    shareLeft: at.shareLeft,
    level: at.level,
  }
}

const isoTime = (ms: number): string => new Date(ms).toISOString()
