import { type DestinationStream, type Level, type Logger, pino } from 'pino'
import type { Log, LogFields } from '../ports/log.ts'

/** One JSON object a line on standard error, so that standard output stays the command's answer. */
export class PinoLog implements Log {
  readonly #logger: Logger

  constructor(level: Level | 'silent', destination: DestinationStream = pino.destination({ fd: 2, sync: true })) {
    this.#logger = pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      destination,
    )
  }

  info(message: string, fields: LogFields = {}): void {
    this.#logger.info(jsonFields(fields), message)
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#logger.warn(jsonFields(fields), message)
  }

  error(message: string, fields: LogFields = {}): void {
    this.#logger.error(jsonFields(fields), message)
  }
}

/** JSON has no integers above 2^53, so offsets go out as decimal strings. */
function jsonFields(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'bigint' ? value.toString() : value]),
  )
}
