/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A text after substitution. `missing` names variables that are neither set nor have a default. */
export interface Substituted {
  text: string
  changed: boolean
  missing: string[]
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` by environment variables; the default also serves for an empty variable, as
 * in a shell. `$${` stands for `${`. What a variable holds is not looked at again.
 */
export function substitute(text: string, environment: Environment): Substituted {
  const missing: string[] = []
  const replaced = text.replace(
    /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (_, name: string | undefined, fallback: string | undefined) => {
      if (name === undefined) return '${'
      const value = environment[name]
      if (value !== undefined && (value !== '' || fallback === undefined)) return value
      if (fallback === undefined) missing.push(name)
      return fallback ?? ''
    },
  )
  return { text: replaced, changed: replaced !== text || missing.length > 0, missing }
}
