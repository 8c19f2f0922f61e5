import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

const installHint: Record<string, string> = {
  java: 'Install a Java 17 or newer runtime (Debian: `apt-get install openjdk-17-jre-headless`)',
  mvn: 'Install Maven (Debian: `apt-get install maven`)',
}

/** Runs a program to its end and returns its standard output; a missing program is named with what to install. */
export async function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; stdin?: string } = {},
): Promise<string> {
  const child = spawn(program, args, { cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(options.stdin ?? '')
  try {
    const [code, out, err] = await Promise.all([exit, text(child.stdout), text(child.stderr)])
    if (code === 0) return out
    throw new Error(`${program} ended with ${code}: ${(err + out).slice(-4000)}`)
  } catch (error) {
    throw missingProgram(program, error)
  }
}

/** Turns "no such program" into an error that says what to install; others are returned as they are. */
export function missingProgram(program: string, error: unknown): unknown {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ENOENT') return error
  const hint = installHint[program] ?? `Install ${program}`
  return new Error(
    `'${program}' is not on the PATH. ${hint}. Where a Kafka was to be started, COLDSTREAM_TEST_KAFKA may name a broker instead.`,
    { cause: error },
  )
}
