/** The entries that a comma-separated option names. Throws when one is unknown, before anything is started. */
export function chosen<T>(option: string, names: string, known: Readonly<Record<string, T>>): [string, T][] {
  return names.split(',').map((name) => {
    const entry = known[name]
    if (entry === undefined) throw new Error(`--${option}: ${name} is none of ${Object.keys(known).join(', ')}`)
    return [name, entry]
  })
}

/** The number that an option says. */
export function positiveInteger(option: string, value: string): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number <= 0) throw new Error(`--${option}: ${value} is no positive integer`)
  return number
}
