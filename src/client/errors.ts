/** A problem document (RFC 9457) as Coldstream sends it. */
export interface Problem {
  /** Names the kind of problem; stable. */
  type: string
  title: string
  status: number
  /** What is wrong, and where. */
  detail: string
  /** The request that met it. */
  instance: string
  /** Last part of `type`: `replay-not-found`. */
  code: string
  /** What to do about it. */
  remedy: string
  details?: Readonly<Record<string, unknown>>
}

/** Coldstream refused, or failed to do, what was asked. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem
  /** HTTP status. */
  readonly status: number
  readonly code: string
  readonly remedy: string

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
    this.status = problem.status
    this.code = problem.code
    this.remedy = problem.remedy
  }
}

/** No answer came, or none of Coldstream's: the service is away, or something else answers at its address. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** A model cannot be rebuilt or followed as asked. */
export class RebuildError extends Error {
  override readonly name = 'RebuildError'
  /** `replay-ended`, `replay-unfit`, `group-active`, `handover-refused` or `position-gone`. */
  readonly code: string
  readonly remedy: string

  constructor(code: string, message: string, remedy: string) {
    super(message)
    this.code = code
    this.remedy = remedy
  }
}

/** Whether the error is Coldstream's answer with this code. */
export function isProblem(error: unknown, code: string): error is ProblemError {
  return error instanceof ProblemError && error.code === code
}
