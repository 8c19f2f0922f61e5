import { Type } from 'typebox'
import type { ReplayPreview } from '../../replay/service.ts'
import { replayStates } from '../../replay/state.ts'
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
    topic: Type.String(),
    incarnation: Type.Optional(Type.Integer({ description: 'Which of the topics of this name; default: the latest.' })),
    partitions: Type.Optional(Type.Array(Type.Integer())),
    time: Type.Optional(
      Type.Object(
        { from: Type.Optional(Time), to: Type.Optional(Time) },
        { description: 'Record timestamps, `to` not included.' },
      ),
    ),
    offsets: Type.Optional(Type.Object({ from: Type.Optional(PartitionOffsets), to: Type.Optional(PartitionOffsets) })),
  },
  { description: 'The archived records to emit; every condition must hold.' },
)

const Target = Type.Object({
  topic: Type.String({ description: 'Created when it does not exist; refused when it holds records.' }),
  config: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'Topic settings over the safe ones.' }),
  ),
})

export const ReplayRequest = Type.Object({
  id: Type.Optional(
    Type.String({ description: 'Name of the replay, a-z, 0-9 and "-". The same id and selection again continues it.' }),
  ),
  source: Selection,
  target: Target,
  acceptGaps: Type.Optional(Type.Boolean({ description: 'Emit although records of the range are lost.' })),
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
    topic: Type.String(),
    incarnation: Type.Integer(),
    partitions: Type.Integer(),
    segments: Type.Integer(),
    rows: Type.Integer(),
    bytes: Type.Integer(),
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
    accepted: Type.Boolean({ description: 'Whether it would start.' }),
    findings: Type.Array(Finding),
  }),
)

const Progress = Type.Object({
  rows: Type.Integer({ description: 'Committed in the target.' }),
  bytes: Type.Integer({ description: 'Of the records, uncompressed.' }),
  activeSeconds: Type.Number(),
  rowsPerSecond: nullable(Type.Number()),
  remainingSeconds: nullable(Type.Number()),
  partitions: Type.Array(
    Type.Object({
      partition: Type.Integer(),
      next: Type.String({ description: 'Source offset it goes on from.' }),
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
    plan: Plan,
    warnings: Type.Array(Finding),
    progress: nullable(Progress),
    error: nullable(Type.Object({ code: Type.String(), message: Type.String(), remedy: Type.String() })),
  }),
)
