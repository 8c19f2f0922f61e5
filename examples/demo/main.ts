import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOutput } from '../../src/cli/output.ts'
import { type DemoOptions, readOptions, usage } from './options.ts'
import { runDemo } from './run.ts'

const output = createOutput(process, false)
let options: DemoOptions | null | undefined
try {
  options = readOptions(process.argv.slice(2))
} catch (error) {
  output.note(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  process.exitCode = 2
}
if (options === null) output.raw(usage)
else if (options !== undefined) process.exitCode = await demo(options)

/** Runs the demo to its end, or to the first Ctrl-C; what it started is stopped either way. */
async function demo(given: DemoOptions): Promise<number> {
  const stop = new AbortController()
  // on, not once: npm hands a Ctrl-C on a second time, and cleaning up must not be cut short by it
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-demo-'))
  try {
    await runDemo(given, folder, output, stop.signal)
    return 0
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (stop.signal.aborted) {
      output.note('\nStopped; nothing is left running.')
      return 130
    }
    output.note(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  }
}
