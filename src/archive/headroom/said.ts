import type { Log, LogFields } from '../../ports/log.ts'

/** Warns of what lasts only once. */
export class Said {
  readonly #log: Log
  readonly #subjects: Set<string> = new Set()

  constructor(log: Log) {
    this.#log = log
  }

  once(subject: string, message: string, fields: LogFields): void {
    if (this.#subjects.has(subject)) return
    this.#subjects.add(subject)
    this.#log.warn(message, fields)
  }
}
