import { ConflictError } from '../../errors.ts'

export const severities = ['error', 'warning'] as const

/** What was found before anything is emitted. */
export interface Finding {
  /** An `error` cannot be waved through; a `warning` has to be accepted by its code. */
  severity: (typeof severities)[number]
  code: string
  message: string
  /** What to do about it, as one or more imperative sentences. */
  remedy: string
}

/** The error that names all findings that stand in the way, or null when there is none. */
export function refusal(findings: readonly Finding[], accept: readonly string[]): ConflictError | null {
  const standing = findings.filter(({ severity, code }) => severity === 'error' || !accept.includes(code))
  if (standing.length === 0) return null
  const warnings = standing.filter(({ severity }) => severity === 'warning').map(({ code }) => code)
  const remedies = [...new Set(standing.map(({ remedy }) => remedy))]
  if (warnings.length > 0) remedies.push(`To go on in spite of it, accept ${[...new Set(warnings)].join(', ')}.`)
  return new ConflictError('replay-refused', standing.map(({ message }) => message).join('; '), {
    remedy: remedies.join(' '),
    details: { findings: standing.map(({ code }) => code) },
  })
}
