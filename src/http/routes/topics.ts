import { Type } from 'typebox'
import { concurrently } from '../../catalog/concurrently.ts'
import { listArchivedTopics, loadTopic } from '../../catalog/snapshot.ts'
import { summarizeTopic, type TopicSummary } from '../../catalog/topic-summary.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'

const Offset = Type.String({ pattern: '^\\d+$', description: 'A 64-bit offset, as text.' })

const Topic = Type.Object({
  topic: Type.String(),
  partitions: Type.Integer({ description: 'Of the latest incarnation.' }),
  incarnations: Type.Integer({ description: 'How many topics of this name were archived, one after the other.' }),
  segments: Type.Integer(),
  records: Type.Integer(),
  bytes: Type.Integer(),
  firstTimestamp: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  lastTimestamp: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  lostOffsets: Type.String({ description: 'Offsets that retention, truncation or corruption took, as text.' }),
})

const Segment = Type.Object({
  incarnation: Type.Integer(),
  partition: Type.Integer(),
  path: Type.String({ description: 'Object below the archive’s root.' }),
  firstOffset: Offset,
  lastOffset: Offset,
  records: Type.Integer(),
  bytes: Type.Integer(),
  firstTimestamp: Type.String({ format: 'date-time' }),
  lastTimestamp: Type.String({ format: 'date-time' }),
  sha256: Type.String(),
})

const Partition = Type.Object({
  incarnation: Type.Integer(),
  partition: Type.Integer(),
  from: Type.Union([Offset, Type.Null()], { description: 'First archived offset.' }),
  next: Type.Union([Offset, Type.Null()], { description: 'Offset after the last archived one.' }),
  gaps: Type.Array(
    Type.Object({ reason: Type.String(), firstOffset: Offset, lastOffset: Offset, offsets: Type.String() }),
  ),
})

const Params = Type.Object({ topic: Type.String({ minLength: 1, maxLength: 249 }) })

/** What the archive holds. */
export function topicRoutes(server: Server, { store }: Services): void {
  server.get(
    '/v1/topics',
    { schema: { tags: ['topics'], response: { 200: Type.Object({ topics: Type.Array(Topic) }) } } },
    async () => {
      const names = await listArchivedTopics(store)
      return {
        topics: await concurrently(names, 8, async (name) => toTopic(summarizeTopic(await loadTopic(store, name)))),
      }
    },
  )

  server.get(
    '/v1/topics/:topic',
    {
      schema: {
        tags: ['topics'],
        params: Params,
        response: { 200: Type.Intersect([Topic, Type.Object({ archived: Type.Array(Partition) })]) },
      },
    },
    async ({ params }) => {
      const snapshot = await loadTopic(store, params.topic)
      const archived = snapshot.incarnations.flatMap(({ incarnation, partitions }) =>
        partitions.map(({ partition, archived: range, gaps }) => ({
          incarnation,
          partition,
          from: range === null ? null : String(range.from),
          next: range === null ? null : String(range.next),
          gaps: gaps.map(({ reason, firstOffset, lastOffset, offsets }) => ({
            reason,
            firstOffset: String(firstOffset),
            lastOffset: String(lastOffset),
            offsets: String(offsets),
          })),
        })),
      )
      return { ...toTopic(summarizeTopic(snapshot)), archived }
    },
  )

  server.get(
    '/v1/topics/:topic/segments',
    { schema: { tags: ['topics'], params: Params, response: { 200: Type.Object({ segments: Type.Array(Segment) }) } } },
    async ({ params }) => {
      const snapshot = await loadTopic(store, params.topic)
      const segments = snapshot.incarnations.flatMap(({ incarnation, partitions }) =>
        partitions.flatMap(({ partition, segments }) =>
          segments
            .filter((segment) => segment.records > 0)
            .map(({ path, firstOffset, lastOffset, records, bytes, minTimestampMs, maxTimestampMs, sha256 }) => ({
              incarnation,
              partition,
              path,
              firstOffset: String(firstOffset),
              lastOffset: String(lastOffset),
              records,
              bytes,
              firstTimestamp: new Date(minTimestampMs).toISOString(),
              lastTimestamp: new Date(maxTimestampMs).toISOString(),
              sha256,
            })),
        ),
      )
      return { segments }
    },
  )
}

function toTopic(summary: TopicSummary) {
  return { ...summary, lostOffsets: String(summary.lostOffsets) }
}
