import type { Services } from '../services.ts'
import type { Output } from './output.ts'

/** What a command works with. */
export interface CommandContext {
  output: Output
  /** Opens the services by the configuration that the command line names; closed by the caller. */
  services(): Promise<Services>
  /** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
  signal: AbortSignal
  /** Of this program. */
  version: string
  /** Where relative paths of arguments begin. */
  workingFolder: string
}

/** A command's end: 0 done, 1 failed (findings of `verify` and `doctor`; errors are thrown). */
export type ExitCode = 0 | 1
