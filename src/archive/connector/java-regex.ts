/** A pattern that the two languages do not read alike; `message` is the rest of a sentence that begins with the property. */
export class UnlikePattern extends Error {}

/** Escapes with a letter that mean the same in Java and JavaScript, where names of topics are concerned. */
const sharedEscapes = 'dDwWsSbBtnrfxuck'

/**
 * A Java regular expression, matched against the whole name as the sink does (`Pattern.matcher(name).matches()`), as one of
 * JavaScript's. Throws UnlikePattern for what JavaScript would read otherwise.
 * https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html
 */
export function javaPattern(pattern: string): RegExp {
  refuseUnlike(pattern)
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch (error) {
    throw new UnlikePattern(`is no regular expression: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function refuseUnlike(pattern: string): void {
  let inClass = false
  let afterQuantifier = false
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!
    const rest = pattern.slice(at)
    const quantifier = inClass ? null : /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(rest)
    if (quantifier !== null) {
      if (afterQuantifier && char === '+') throw unlike('possessive quantifiers', 'a greedy one')
      // after a quantifier `?` makes it lazy, in both languages
      afterQuantifier = !afterQuantifier
      at += quantifier[0].length - 1
      continue
    }
    afterQuantifier = false
    if (char === '\\') {
      at++
      const escaped = pattern[at] ?? ''
      if (/[A-Za-z]/.test(escaped) && !sharedEscapes.includes(escaped))
        throw unlike(`\\${escaped}`, 'the characters themselves, or a class in brackets')
      if (escaped === 'x' && pattern[at + 1] === '{') throw unlike('\\x{…}', '\\x and two digits')
    } else if (inClass) {
      if (char === '[') throw unlike('a class within a class', 'one class')
      if (rest.startsWith('&&')) throw unlike('class intersection (&&)', 'one class')
      inClass = char !== ']'
    } else if (char === '[') {
      if (/^\[\^?\]/.test(rest)) throw unlike('a class that begins with ]', '\\]')
      if (rest.startsWith('[^')) at++
      inClass = true
    } else if (rest.startsWith('(?') && !/^\(\?(?:[:=!]|<[=!]|<[A-Za-z][A-Za-z0-9]*>)/.test(rest)) {
      throw unlike(rest.startsWith('(?>') ? 'atomic groups' : 'inline flags', 'a plain group, letters in both cases')
    }
  }
}

function unlike(what: string, instead: string): UnlikePattern {
  return new UnlikePattern(`uses ${what}, which JavaScript does not have; write ${instead}`)
}
