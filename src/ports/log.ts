/** Where the service says what it does. Fields never hold a secret or a record's content. */
export interface Log {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** Structured particulars of a log line. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | null | undefined>>
