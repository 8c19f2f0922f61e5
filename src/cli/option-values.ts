import { InvalidArgumentError } from 'commander'

/** A whole number above 0. */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

/** A number above 0. */
export function decimal(text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && number > 0 && Number.isFinite(number)) return number
  throw new InvalidArgumentError('It must be a number above 0.')
}

/** Every value of an option that can be repeated. */
export function collect(text: string, earlier: string[]): string[] {
  return [...earlier, text]
}

/** `name=value`, repeatable. */
export function pairs(text: string, earlier: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be name=value.')
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) }
}

/** `partition:offset`, repeatable. */
export function offsets(text: string, earlier: Record<string, string>): Record<string, string> {
  const match = /^(\d+):(\d+)$/.exec(text)
  if (!match) throw new InvalidArgumentError('It must be partition:offset, for example 0:1500.')
  return { ...earlier, [match[1]!]: match[2]! }
}

/** `0,3,5-7`. */
export function partitionList(text: string): number[] {
  const partitions = text.split(',').flatMap((part) => {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part.trim())
    const first = Number(match?.[1])
    const last = Number(match?.[2] ?? match?.[1])
    if (!match || last < first || last - first > 100_000)
      throw new InvalidArgumentError('It must be numbers and ranges, for example 0,3,5-7.')
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
  return [...new Set(partitions)].sort((a, b) => a - b)
}
