import type { ReplayPreview, ReplayService } from '../replay/service.ts'
import type { ReplayStatus } from '../replay/status.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { formatBytes, formatCount, toJson } from './output.ts'
import { createProgress } from './progress.ts'

export interface ReplayCommandOptions {
  to: string
  id?: string
  from?: string
  until?: string
  /** Offset by partition, as text. */
  fromOffset: Record<string, string>
  untilOffset: Record<string, string>
  partitions?: number[]
  acceptGaps: boolean
  dryRun: boolean
}

/** `coldstream replay <topic> --to <target>`: emits in this process until it is done; the same `--id` again goes on. */
export async function replayCommand(
  context: CommandContext,
  topic: string,
  options: ReplayCommandOptions,
): Promise<ExitCode> {
  const { output, signal } = context
  const request = toRequest(topic, options)
  const replays = await (await context.services()).replays()
  if (options.dryRun) return preview(context, await replays.dryRun(request))
  const begun = await replays.create(request)
  for (const warning of begun.warnings) output.note(`warning: ${warning.message}`)
  const status = await follow(context, replays, begun, signal)
  if (output.json) output.line(toJson(status))
  else output.line(summary(status))
  return 0
}

function toRequest(topic: string, options: ReplayCommandOptions): unknown {
  const { from, until, fromOffset, untilOffset } = options
  return {
    ...(options.id !== undefined && { id: options.id }),
    source: {
      topic,
      ...(options.partitions !== undefined && { partitions: options.partitions }),
      ...((from !== undefined || until !== undefined) && {
        time: {
          ...(from !== undefined && { from: toInstant(from) }),
          ...(until !== undefined && { to: toInstant(until) }),
        },
      }),
      ...(Object.keys({ ...fromOffset, ...untilOffset }).length > 0 && {
        offsets: {
          ...(Object.keys(fromOffset).length > 0 && { from: fromOffset }),
          ...(Object.keys(untilOffset).length > 0 && { to: untilOffset }),
        },
      }),
    },
    target: { topic: options.to },
    ...(options.acceptGaps && { acceptGaps: true }),
  }
}

/** A command line knows only text; digits alone are epoch milliseconds. */
function toInstant(text: string): string | number {
  return /^-?\d+$/.test(text) ? Number(text) : text
}

/** A signal interrupts the replay between transactions; it can be continued by its id. */
async function follow(
  { output }: CommandContext,
  replays: ReplayService,
  begun: ReplayStatus,
  signal: AbortSignal,
): Promise<ReplayStatus> {
  const progress = createProgress(output, 'replay', 'records')
  const show = ({ progress: done, plan }: ReplayStatus): void => {
    if (done !== null)
      progress.update(
        done.rows,
        plan.rows,
        done.rowsPerSecond === null ? '' : `${formatCount(Math.round(done.rowsPerSecond))}/s`,
      )
  }
  const unsubscribe = replays.subscribe(begun.id, show)
  const interrupt = (): void => {
    output.note(`interrupted; continue with --id ${begun.id}`)
    void replays.close()
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await replays.finished(begun.id)
  } finally {
    signal.removeEventListener('abort', interrupt)
    unsubscribe()
    progress.stop()
  }
}

function preview(
  { output }: CommandContext,
  { plan, findings, accepted, targetPartitions, estimatedSeconds }: ReplayPreview,
): ExitCode {
  if (output.json) output.line(toJson({ plan, findings, accepted, targetPartitions, estimatedSeconds }))
  else {
    output.line(
      `would read ${formatCount(plan.segments)} segments (${formatBytes(plan.bytes)}), at most ${formatCount(plan.rows)} records, into ${targetPartitions} partitions, in about ${estimatedSeconds} s`,
    )
    for (const finding of findings)
      output.line(`${finding.severity}: ${finding.message}\n  what to do: ${finding.remedy}`)
    output.line(accepted ? 'nothing stands against it' : 'it would be refused')
  }
  return accepted ? 0 : 1
}

function summary({ id, state, target, progress }: ReplayStatus): string {
  const rows = formatCount(progress?.rows ?? 0)
  const seconds = progress?.activeSeconds ?? 0
  const rate =
    progress !== null && seconds > 0 ? ` (${formatCount(Math.round(progress.rows / seconds))} records/s)` : ''
  return `replay ${id} ${state}: ${rows} records in ${String(target.topic)}, ${seconds.toFixed(1)} s${rate}`
}
