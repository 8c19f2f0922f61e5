import { resolve } from 'node:path'
import type { RunnableCapture } from '../archive/open-captures.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { readConnectorFiles } from './connector-files.ts'
import { formatBytes, formatCount, toJson } from './output.ts'
import { createProgress } from './progress.ts'
import { together } from './together.ts'

export interface CaptureOptions {
  untilEnd: boolean
}

const showEveryMs = 250

/** `coldstream capture <connector.json>…`: archives the connectors' topics until it is stopped, or until their present end. */
export async function captureCommand(
  context: CommandContext,
  files: readonly string[],
  options: CaptureOptions,
): Promise<ExitCode> {
  const { output, signal } = context
  const connectors = await readConnectorFiles(files.map((file) => resolve(context.workingFolder, file)))
  const services = await context.services()
  const startedAtMs = services.clock.nowMs()
  const captures: RunnableCapture[] = []
  for (const { connector } of connectors) captures.push(await services.openCapture(connector))
  const progress = createProgress(output, 'capture', 'records')
  const shown = setInterval(() => {
    const { done, total } = progressOf(captures)
    progress.update(done, total)
  }, showEveryMs)
  try {
    // one connector's failure ends the others too, with everything they took committed
    const runs = captures.map((capture) => (stop: AbortSignal) => capture.run(options, stop))
    await together(signal, runs)
  } finally {
    clearInterval(shown)
    progress.stop()
  }
  const seconds = (services.clock.nowMs() - startedAtMs) / 1000
  report(context, captures, seconds)
  return 0
}

function progressOf(captures: readonly RunnableCapture[]): { done: number; total: number } {
  let done = 0
  let total = 0
  for (const { from, position, end } of captures.flatMap((capture) => capture.status())) {
    done += Number(position - from)
    total += Number((end > position ? end : position) - from)
  }
  return { done, total }
}

function report({ output }: CommandContext, captures: readonly RunnableCapture[], seconds: number): void {
  const totals = { records: 0, segments: 0, bytes: 0, lostOffsets: 0 }
  for (const capture of captures) {
    totals.records += capture.totals.records
    totals.segments += capture.totals.segments
    totals.bytes += capture.totals.bytes
    totals.lostOffsets += capture.totals.lostOffsets
  }
  const partitions = captures.flatMap((capture) => capture.status())
  if (output.json) output.line(toJson({ ...totals, seconds, partitions }))
  else {
    const rate = seconds > 0 ? ` (${formatCount(Math.round(totals.records / seconds))} records/s)` : ''
    output.line(
      `archived ${formatCount(totals.records)} records in ${formatCount(totals.segments)} segments, ${formatBytes(totals.bytes)}, in ${seconds.toFixed(1)} s${rate}`,
    )
    if (totals.lostOffsets > 0)
      output.note(
        `${formatCount(totals.lostOffsets)} offsets have no row although they may have held data: see "coldstream verify <topic>"`,
      )
  }
}
