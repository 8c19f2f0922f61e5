import type { ReplayPreview } from '../replay/preview.ts'
import type { ReplayService } from '../replay/service.ts'
import type { ReplayStatus } from '../replay/status.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { formatBytes, formatCount, toJson } from './output.ts'
import { createProgress, type Progress } from './progress.ts'
import { type ReplayCommandOptions, toRequest } from './replay-request.ts'

/** `coldstream replay <topics> --to <target>`: emits in this process until it is done; the same `--id` again goes on. */
export async function replayCommand(
  context: CommandContext,
  topics: readonly string[],
  options: ReplayCommandOptions,
): Promise<ExitCode> {
  const { output, signal } = context
  const request = toRequest(topics, options)
  const replays = await (await context.services()).replays()
  if (options.dryRun) return preview(context, await replays.dryRun(request))
  const begun = await replays.create(request)
  for (const warning of begun.warnings) output.note(`warning: ${warning.message}`)
  const status = await follow(context, replays, begun, signal)
  if (output.json) output.line(toJson(status))
  else output.line(summary(status))
  return 0
}

/** A signal interrupts the replay between transactions; it can be continued by its id. */
async function follow(
  { output }: CommandContext,
  replays: ReplayService,
  begun: ReplayStatus,
  signal: AbortSignal,
): Promise<ReplayStatus> {
  const progress = createProgress(output, 'replay', 'records')
  const over = new AbortController()
  // whatever keeps the progress from being shown, the replay goes on
  const shown = Promise.allSettled([show(replays.watch(begun.id, over.signal), progress)])
  const interrupt = (): void => {
    output.note(`interrupted; continue with --id ${begun.id}`)
    void replays.close()
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await replays.finished(begun.id)
  } finally {
    signal.removeEventListener('abort', interrupt)
    over.abort()
    await shown
    progress.stop()
  }
}

async function show(statuses: AsyncIterable<ReplayStatus>, progress: Progress): Promise<void> {
  for await (const { progress: done, plan } of statuses) {
    if (done === null) continue
    const { rowsPerSecond, remainingSeconds } = done
    const rate = rowsPerSecond === null ? '' : `${formatCount(Math.round(rowsPerSecond))}/s`
    const left = remainingSeconds === null ? '' : `, ${formatDuration(remainingSeconds)} left`
    progress.update(done.rows, plan.rows, rate + left)
  }
}

function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 120) return `${whole} s`
  return whole < 7200 ? `${Math.round(whole / 60)} min` : `${Math.round(whole / 3600)} h`
}

function preview({ output }: CommandContext, shown: ReplayPreview): ExitCode {
  const { plan, findings, accepted, targetPartitions, estimatedSeconds } = shown
  if (output.json) output.line(toJson(shown))
  else {
    output.line(
      `would read ${formatCount(plan.segments)} segments (${formatBytes(plan.bytes)}), at most ${formatCount(plan.rows)} records, into ${targetPartitions} partitions, in about ${estimatedSeconds} s`,
    )
    if (plan.firstTimestamp !== null) output.line(`records from ${plan.firstTimestamp} to ${plan.lastTimestamp}`)
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
  const into = typeof target.topic === 'string' ? target.topic : Object.values(Object(target.topics)).join(', ')
  return `replay ${id} ${state}: ${rows} records in ${into}, ${seconds.toFixed(1)} s${rate}`
}
