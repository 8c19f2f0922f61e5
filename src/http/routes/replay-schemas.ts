import { Type } from 'typebox'
import type { ReplayPreview } from '../../replay/preview.ts'
import { replayOrders } from '../../replay/request/request.ts'
import { replayStates } from '../../replay/run/state.ts'
import type { ReplayStatus } from '../../replay/status.ts'

const nullable = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()])

const Time = Type.Union([
  Type.String({ format: 'date-time' }),
  Type.Integer({ description: 'Milliseconds since the epoch.' }),
])

const PartitionOffsets = Type.Record(Type.String({ pattern: '^\\d+$' }), Type.String({ pattern: '^\\d+$' }), {
  description: 'Offset per partition, both as text: {"0": "1500"}.',
})

export const Selection = Type.Object(
  {
    topic: Type.Optional(Type.String({ description: 'Either this or `topics`.' })),
    topics: Type.Optional(
      Type.Array(Type.String(), { description: 'Several, each into its own target or merged by time.' }),
    ),
    incarnation: Type.Optional(Type.Integer({ description: 'Which of the topics of this name; default: the latest.' })),
    partitions: Type.Optional(Type.Array(Type.Integer())),
    time: Type.Optional(
      Type.Object(
        { from: Type.Optional(Time), to: Type.Optional(Time) },
        { description: 'Record timestamps, `to` not included.' },
      ),
    ),
    offsets: Type.Optional(Type.Object({ from: Type.Optional(PartitionOffsets), to: Type.Optional(PartitionOffsets) })),
    keys: Type.Optional(
      Type.Object(
        {
          in: Type.Optional(Type.Array(Type.String())),
          prefix: Type.Optional(Type.Array(Type.String())),
          encoding: Type.Optional(Type.Union([Type.Literal('utf8'), Type.Literal('base64')])),
        },
        { description: 'The key is one of `in` or begins with one of `prefix`.' },
      ),
    ),
    headers: Type.Optional(
      Type.Array(Type.Object({ key: Type.String(), value: Type.Union([Type.String(), Type.Null()]) }), {
        description: 'Each must be there with this very value.',
      }),
    ),
    where: Type.Optional(Type.String({ description: 'A SQL condition over the columns of a row, as in queries.' })),
    to: Type.Optional(
      Type.Literal('live', { description: 'Goes on behind the archive, up to the broker’s end at the creation.' }),
    ),
  },
  { description: 'The archived records to emit; every condition must hold.' },
)

const Target = Type.Object({
  topic: Type.Optional(Type.String({ description: 'Created when it does not exist; refused when it holds records.' })),
  topics: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Target of each source topic.' })),
  partitions: Type.Optional(
    Type.Integer({ description: 'With order `key` or `time`; default: as many as the source.' }),
  ),
  config: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'Topic settings over the safe ones.' }),
  ),
})

const positive = (description: string) => Type.Number({ exclusiveMinimum: 0, description })

export const Rate = Type.Union(
  [
    Type.Object({ recordsPerSecond: positive('At most.') }),
    Type.Object({ bytesPerSecond: positive('At most, of the records uncompressed.') }),
    Type.Object({ speed: positive('Multiple of the speed at which the records’ timestamps went by.') }),
    Type.Null(),
  ],
  { description: 'How fast; null or left out: as fast as it goes.' },
)

export const ReplayRequest = Type.Object({
  id: Type.Optional(
    Type.String({ description: 'Name of the replay, a-z, 0-9 and "-". The same id and selection again continues it.' }),
  ),
  source: Selection,
  target: Target,
  order: Type.Optional(
    Type.Enum([...replayOrders], {
      description:
        '`partition`: into the same partitions, in their order. `key`: where a producer would put the key. `time`: merged by timestamp.',
    }),
  ),
  rate: Type.Optional(Rate),
  transform: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  accept: Type.Optional(Type.Array(Type.String(), { description: 'Codes of warnings to put up with.' })),
  dryRun: Type.Optional(Type.Boolean({ description: 'Plan and check only.' })),
})

export const Finding = Type.Object({
  severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
  code: Type.String(),
  message: Type.String(),
  remedy: Type.String(),
})

const Plan = Type.Object(
  {
    sources: Type.Array(
      Type.Object({
        topic: Type.String(),
        incarnation: Type.Integer(),
        target: Type.String(),
        partitions: Type.Integer({ description: 'Of which something is selected.' }),
      }),
    ),
    shares: Type.Integer({ description: 'Parts that instances can work on side by side.' }),
    segments: Type.Integer(),
    rows: Type.Integer(),
    bytes: Type.Integer(),
    firstTimestamp: nullable(Type.String({ format: 'date-time' })),
    lastTimestamp: nullable(Type.String({ format: 'date-time' })),
  },
  { description: 'Rows and bytes are upper bounds: segments may hold records outside the selection.' },
)

const AnyObject = Type.Record(Type.String(), Type.Unknown())

export const Preview = Type.Unsafe<ReplayPreview>(
  Type.Object({
    source: AnyObject,
    target: AnyObject,
    plan: Plan,
    estimatedSeconds: Type.Number(),
    targetPartitions: Type.Integer(),
    gaps: Type.Array(
      Type.Object({
        topic: Type.String(),
        partition: Type.Integer(),
        firstOffset: Type.String(),
        lastOffset: Type.String(),
        reason: Type.String(),
      }),
      { description: 'Offsets of the range that the archive does not hold; at most a thousand ranges.' },
    ),
    accepted: Type.Boolean({ description: 'Whether it would start.' }),
    findings: Type.Array(Finding),
    sample: nullable(
      Type.Array(AnyObject, { description: 'With a transform: the first records of a partition before and after it.' }),
    ),
  }),
)

const Progress = Type.Object({
  rows: Type.Integer({ description: 'Committed in the target.' }),
  bytes: Type.Integer({ description: 'Of the records, uncompressed.' }),
  deadLetters: Type.Integer({ description: 'Records that could not be changed.' }),
  fraction: Type.Number({ description: 'How much of the plan is behind, from 0 to 1.' }),
  activeSeconds: Type.Number(),
  rowsPerSecond: nullable(Type.Number()),
  remainingSeconds: nullable(Type.Number()),
  partitions: Type.Array(
    Type.Object({
      topic: Type.String(),
      partition: Type.Integer(),
      next: Type.String({ description: 'Source offset it goes on from.' }),
      until: Type.String({ description: 'Source offset at which it ends.' }),
      rows: Type.Integer(),
      firstOffset: nullable(Type.String()),
      lastOffset: nullable(Type.String()),
    }),
  ),
})

export const Status = Type.Unsafe<ReplayStatus>(
  Type.Object({
    id: Type.String(),
    state: Type.Enum([...replayStates]),
    createdAt: Type.String({ format: 'date-time' }),
    updatedAt: Type.String({ format: 'date-time' }),
    source: AnyObject,
    target: AnyObject,
    order: Type.String(),
    transform: nullable(AnyObject),
    rate: Rate,
    accept: Type.Array(Type.String()),
    plan: Plan,
    warnings: Type.Array(Finding),
    progress: nullable(Progress),
    skipped: Type.Array(
      Type.Object({
        topic: Type.String(),
        partition: Type.Integer(),
        segment: Type.String(),
        firstOffset: Type.String(),
        lastOffset: Type.String(),
        records: Type.Integer(),
        reason: Type.String(),
      }),
      { description: 'Damaged or missing segments that were passed over, because that is accepted.' },
    ),
    error: nullable(Type.Object({ code: Type.String(), message: Type.String(), remedy: Type.String() })),
  }),
)
