import type { Log, LogFields } from '../../ports/log.ts'

/** Something that a look could not do, and goes on without. */
export interface Trouble {
  /** What it is about; the same trouble has the same subject in every look. */
  subject: string
  message: string
  fields: LogFields
}

/** Warns of a trouble when it begins, and not again while it lasts. */
export class Troubles {
  readonly #log: Log
  #present: ReadonlySet<string> = new Set()

  constructor(log: Log) {
    this.#log = log
  }

  /** All troubles of one look. */
  tell(troubles: readonly Trouble[]): void {
    for (const { subject, message, fields } of troubles) {
      if (!this.#present.has(subject)) this.#log.warn(message, fields)
    }
    this.#present = new Set(troubles.map(({ subject }) => subject))
  }
}
