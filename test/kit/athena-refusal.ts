/** A request that Athena does not take; `type` is the exception's name in the protocol. */
export class RequestRefused extends Error {
  readonly type: string

  constructor(type: string, message: string) {
    super(message)
    this.type = type
  }
}

/** What is wrong with a statement, by Trino's name and number of the category in Athena: 1 system, 2 user, 3 other. */
export class SqlFailure extends Error {
  readonly category: 1 | 2 | 3

  constructor(message: string, category: 1 | 2 | 3) {
    super(message)
    this.category = category
  }
}
