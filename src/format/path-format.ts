import { InvalidInputError } from '../errors.ts'

/**
 * The sink's `path.format`: a Joda-Time pattern such as `'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH`. Letters outside
 * quotes are fields, `''` is a quote. Only fields that make sense in a path are taken; `YYYY` (Joda's week-year) is
 * read as the calendar year, because that is what everybody who copies the sink's own example means.
 */
export interface PathFormat {
  /** Renders the fields of a local time. */
  render(local: Date): string
  /** Width of the finest field, in milliseconds: the bucket the pattern can tell apart. */
  finestFieldMs: number
}

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

interface Field {
  widthMs: number
  render(local: Date): string
}

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0')

/** A year before 0 or after 9999 keeps its sign and all its digits. */
const year = (local: Date): string => {
  const value = local.getUTCFullYear()
  return value < 0 ? `-${pad(-value, 4)}` : pad(value, 4)
}

const fields: Readonly<Record<string, Field>> = {
  YYYY: { widthMs: 365 * dayMs, render: year },
  yyyy: { widthMs: 365 * dayMs, render: year },
  MM: { widthMs: 28 * dayMs, render: (local) => pad(local.getUTCMonth() + 1, 2) },
  dd: { widthMs: dayMs, render: (local) => pad(local.getUTCDate(), 2) },
  HH: { widthMs: hourMs, render: (local) => pad(local.getUTCHours(), 2) },
  mm: { widthMs: minuteMs, render: (local) => pad(local.getUTCMinutes(), 2) },
  ss: { widthMs: secondMs, render: (local) => pad(local.getUTCSeconds(), 2) },
}

const token = /'((?:[^']|'')*)'|([A-Za-z])\2*|([^A-Za-z']+)/y

/**
 * Parses a pattern. Throws InvalidInputError `path-format-invalid` naming the place: unknown field, open quote, a
 * literal that could leave the archive (`..`, empty folder names), or no field at all.
 */
export function parsePathFormat(pattern: string): PathFormat {
  const parts: (string | Field)[] = []
  for (let at = 0; at < pattern.length; ) {
    token.lastIndex = at
    const match = token.exec(pattern)
    if (!match) throw invalid(pattern, at, 'a quote is not closed')
    if (match[1] !== undefined) parts.push(match[1] === '' ? "'" : match[1].replaceAll("''", "'"))
    else if (match[3] !== undefined) parts.push(match[3])
    else {
      const field = fields[match[0]]
      if (!field)
        throw invalid(
          pattern,
          at,
          `field '${match[0]}' is not known${match[0] === 'DD' ? ' (the day of the month is dd)' : ''}`,
        )
      parts.push(field)
    }
    at = token.lastIndex
  }
  const used = parts.filter((part) => typeof part !== 'string')
  if (used.length === 0) throw invalid(pattern, 0, 'it holds no time field')
  const render = (local: Date): string =>
    parts.map((part) => (typeof part === 'string' ? part : part.render(local))).join('')
  checkFolders(pattern, render(new Date(0)))
  return { render, finestFieldMs: Math.min(...used.map((field) => field.widthMs)) }
}

/** Literals are from outside: no folder may be empty, `.` or `..`, and no control character gets into a path. */
function checkFolders(pattern: string, sample: string): void {
  const bad = sample.split('/').find((folder) => folder === '' || folder === '.' || folder === '..')
  if (bad !== undefined)
    throw invalid(pattern, 0, bad === '' ? 'a folder name is empty' : `folder '${bad}' would leave the archive`)
  // biome would flag the range in a regular expression; a path must hold no control character and no backslash
  for (const character of sample) {
    if (character < ' ' || character === '\\' || character === '+')
      throw invalid(pattern, pattern.indexOf(character), `character ${JSON.stringify(character)} is not allowed`)
  }
}

function invalid(pattern: string, at: number, problem: string): InvalidInputError {
  return new InvalidInputError('path-format-invalid', `path.format "${pattern}", character ${at + 1}: ${problem}`, {
    remedy: `Use the fields ${Object.keys(fields).join(', ')} and quoted text, for example 'year'=yyyy/'month'=MM/'day'=dd/'hour'=HH.`,
    details: { pattern, position: at },
  })
}
