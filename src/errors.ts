/**
 * Every error Coldstream raises on purpose. An error says what happened, where, and what to do about it; its class says
 * who has to act, and decides the HTTP status and the exit code. Anything else that is thrown is a bug.
 */

/** What an error says beside its message. */
export interface ErrorFacts {
  /** What the reader can do now, as one or more imperative sentences. */
  remedy: string
  /** The error that led here. Its message must hold no secret. */
  cause?: unknown
  /** Machine-readable particulars: object path, offset, property name. */
  details?: Readonly<Record<string, string | number | boolean | readonly string[]>>
}

/** Base of all errors raised on purpose. `code` is stable and in kebab-case; it ends the RFC 9457 problem type. */
export abstract class ColdstreamError extends Error {
  abstract readonly httpStatus: number
  abstract readonly exitCode: 1 | 2
  readonly code: string
  readonly remedy: string
  readonly details: NonNullable<ErrorFacts['details']>

  constructor(code: string, message: string, facts: ErrorFacts) {
    super(message, { cause: facts.cause })
    this.name = new.target.name
    this.code = code
    this.remedy = facts.remedy
    this.details = facts.details ?? {}
  }
}

/** The caller gave something wrong: a bad connector, statement, selection, option. Nothing was done. */
export class InvalidInputError extends ColdstreamError {
  override readonly httpStatus = 400
  override readonly exitCode = 2
}

/** The caller is not known or may not do this. */
export class UnauthorizedError extends ColdstreamError {
  override readonly httpStatus = 401
  override readonly exitCode = 1
}

/** A named thing does not exist: topic, replay, template, object. */
export class NotFoundError extends ColdstreamError {
  override readonly httpStatus = 404
  override readonly exitCode = 1
}

/** The request is well formed but the present state forbids it: target not empty, id used for another selection. */
export class ConflictError extends ColdstreamError {
  override readonly httpStatus = 409
  override readonly exitCode = 1
}

/** What was asked for existed and was let go of on purpose, after its time: results of a query. */
export class GoneError extends ColdstreamError {
  override readonly httpStatus = 410
  override readonly exitCode = 1
}

/** The caller has used up what it may have. Later, or with a higher limit, the same would be done. */
export class LimitError extends ColdstreamError {
  override readonly httpStatus = 429
  override readonly exitCode = 1
}

/** What is stored or was received does not hold together: checksum, CRC, footer, log entry. Never skipped silently. */
export class DamagedDataError extends ColdstreamError {
  override readonly httpStatus = 500
  override readonly exitCode = 1
}

/** A broker, store or engine cannot be reached or refuses to work for now. Trying again later may help. */
export class UnavailableError extends ColdstreamError {
  override readonly httpStatus = 503
  override readonly exitCode = 1
}

/** A newer instance took over this work; the one that sees this must stop, its successor goes on. */
export class FencedError extends ColdstreamError {
  override readonly httpStatus = 409
  override readonly exitCode = 1
}

/** The work was stopped on request (signal, cancel, time limit). */
export class AbortedError extends ColdstreamError {
  override readonly httpStatus = 409
  override readonly exitCode = 1
}
