import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** A `coldstream` at work; the process is the program itself, without a shell between, so that a kill meets it. */
export interface RunningCommand {
  process: ChildProcess
  /** Settles when it has ended, however: killed is not an error. */
  ended: Promise<EndedCommand>
}

export interface EndedCommand {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The program's arguments for `node`; for those who start it themselves. */
export function coldstreamArgs(args: readonly string[]): string[] {
  return [main, ...args]
}

/** This process's environment without any setting of Coldstream's, and with the given ones. */
export function cleanEnvironment(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(COLDSTREAM|AWS)_/.test(name))
  return { ...Object.fromEntries(own), ...settings }
}

/** Starts the command line as a user would, in a folder that holds no configuration. */
export function startColdstream(
  args: readonly string[],
  folder: string,
  settings: Readonly<Record<string, string>>,
): RunningCommand {
  const child = spawn(process.execPath, coldstreamArgs(args), {
    cwd: folder,
    env: cleanEnvironment(settings),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code, signal], stdout, stderr]): EndedCommand => ({ code, signal, stdout, stderr }),
  )
  return { process: child, ended }
}

/** Waits until a command says something on standard error. Rejects when it ends before. */
export async function said(command: RunningCommand, pattern: RegExp): Promise<void> {
  const found = Promise.withResolvers<void>()
  let written = ''
  const look = (bytes: Buffer): void => {
    written += String(bytes)
    if (pattern.test(written)) found.resolve()
  }
  const { stderr } = command.process
  stderr?.on('data', look)
  const ended = command.ended.then((end) => {
    throw new Error(`It ended with ${end.signal ?? end.code} and never said ${pattern}: ${end.stderr}`)
  })
  try {
    await Promise.race([found.promise, ended])
  } finally {
    stderr?.off('data', look)
  }
}

/** Runs a command to its end. Throws with what it wrote when it does not end with 0. */
export async function runColdstream(
  args: readonly string[],
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  return succeeded(args[0]!, await startColdstream(args, folder, settings).ended)
}

/** What the command printed. Throws with what it wrote when it did not end with 0. */
export function succeeded(name: string, { code, signal, stdout, stderr }: EndedCommand): string {
  if (code === 0) return stdout
  throw new Error(`coldstream ${name} ended with ${signal ?? code}:\n${stderr}${stdout}`)
}
