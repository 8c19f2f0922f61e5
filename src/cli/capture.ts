import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Capture } from '../archive/capture.ts'
import type { Connector } from '../archive/connector/connector.ts'
import { parseConnector } from '../archive/connector/parse.ts'
import { ConflictError, InvalidInputError, NotFoundError } from '../errors.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { formatBytes, formatCount, toJson } from './output.ts'
import { createProgress } from './progress.ts'

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
  const connectors = await readConnectors(files.map((file) => resolve(context.workingFolder, file)))
  const services = await context.services()
  const startedAtMs = services.clock.nowMs()
  // one connector's failure ends the others too, with everything they took committed
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const captures: Capture[] = []
  for (const connector of connectors) captures.push(await services.openCapture(connector))
  const progress = createProgress(output, 'capture', 'records')
  const shown = setInterval(() => {
    const { done, total } = progressOf(captures)
    progress.update(done, total)
  }, showEveryMs)
  try {
    await Promise.all(
      captures.map(async (capture) => {
        try {
          await capture.run(options, stop)
        } catch (error) {
          failed.abort()
          throw error
        }
      }),
    )
  } finally {
    clearInterval(shown)
    progress.stop()
  }
  const seconds = (services.clock.nowMs() - startedAtMs) / 1000
  report(context, captures, seconds)
  return 0
}

/** Reads connector files and refuses two that would archive the same topic. */
export async function readConnectors(files: readonly string[]): Promise<Connector[]> {
  const connectors = await Promise.all(files.map(readConnector))
  for (const [index, connector] of connectors.entries()) {
    const earlier = connectors.slice(0, index)
    const twin = earlier.find(
      (other) => other.name === connector.name || other.topics.some((topic) => connector.topics.includes(topic)),
    )
    if (twin === undefined) continue
    throw new ConflictError(
      'connectors-overlap',
      `connectors ${files[earlier.indexOf(twin)]} and ${files[index]} have the same name or a topic in common`,
      {
        remedy: 'Give each connector its own name, and each topic to one connector.',
      },
    )
  }
  return connectors
}

async function readConnector(file: string): Promise<Connector> {
  let content: string
  try {
    content = await readFile(file, 'utf8')
  } catch (cause) {
    throw new NotFoundError('connector-not-found', `connector ${file} cannot be read`, {
      remedy: 'Name a JSON file that exists and may be read.',
      cause,
    })
  }
  let json: unknown
  try {
    json = JSON.parse(content)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidInputError('connector-invalid', `connector ${file} is not JSON: ${why}`, {
      remedy: 'Correct the file at that place.',
      cause,
    })
  }
  return parseConnector(json, file)
}

function progressOf(captures: readonly Capture[]): { done: number; total: number } {
  let done = 0
  let total = 0
  for (const { from, position, end } of captures.flatMap((capture) => capture.status())) {
    done += Number(position - from)
    total += Number((end > position ? end : position) - from)
  }
  return { done, total }
}

function report({ output }: CommandContext, captures: readonly Capture[], seconds: number): void {
  const totals = { records: 0, segments: 0, bytes: 0 }
  for (const capture of captures) {
    totals.records += capture.totals.records
    totals.segments += capture.totals.segments
    totals.bytes += capture.totals.bytes
  }
  const partitions = captures.flatMap((capture) => capture.status())
  if (output.json) output.line(toJson({ ...totals, seconds, partitions }))
  else {
    const rate = seconds > 0 ? ` (${formatCount(Math.round(totals.records / seconds))} records/s)` : ''
    output.line(
      `archived ${formatCount(totals.records)} records in ${formatCount(totals.segments)} segments, ${formatBytes(totals.bytes)}, in ${seconds.toFixed(1)} s${rate}`,
    )
  }
}
