/** What a look at an outside system found: for `doctor`. */
export interface CheckResult {
  /** What was looked at: `broker 127.0.0.1:9092`, `store create-if-absent`. */
  check: string
  outcome: 'ok' | 'warning' | 'failure'
  message: string
  /** What to do; null when all is well. */
  remedy: string | null
}
