/**
 * Rows of Athena's result object as it streams in: every value is quoted, NULL is an empty field without quotes. So that
 * NULL and the empty text differ, which common CSV readers lose.
 */
export async function* csvRows(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<(string | null)[]> {
  const decoder = new TextDecoder()
  let text = ''
  let at = 0
  for await (const chunk of chunks) {
    text = text.slice(at) + decoder.decode(chunk, { stream: true })
    at = 0
    for (let row = readRow(text, at, false); row !== null; row = readRow(text, at, false)) {
      yield row.fields
      at = row.next
    }
  }
  text = text.slice(at) + decoder.decode()
  at = 0
  while (at < text.length) {
    const row = readRow(text, at, true)
    if (row === null) throw new SyntaxError('the result ends within a value')
    yield row.fields
    at = row.next
  }
}

interface Row {
  fields: (string | null)[]
  /** Behind its line break. */
  next: number
}

/** The row at `start`, or null when its end is not there yet. */
function readRow(text: string, start: number, isLast: boolean): Row | null {
  const fields: (string | null)[] = []
  let at = start
  for (;;) {
    const field = text[at] === '"' ? quotedField(text, at) : plainField(text, at)
    if (field === null) return null
    fields.push(field.value)
    at = field.next
    // Whether a quote ends the value is known by what follows it.
    if (at >= text.length) return isLast ? { fields, next: at } : null
    if (text[at] === '\n') return { fields, next: at + 1 }
    if (text[at] !== ',') throw new SyntaxError(`the result has ${JSON.stringify(text[at])} behind a value`)
    at += 1
    if (at >= text.length && !isLast) return null
  }
}

function quotedField(text: string, start: number): { value: string; next: number } | null {
  let at = start + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return null
    if (text[quote + 1] !== '"') return { value: text.slice(start + 1, quote).replaceAll('""', '"'), next: quote + 1 }
    at = quote + 2
  }
}

function plainField(text: string, start: number): { value: string | null; next: number } {
  let at = start
  while (at < text.length && text[at] !== ',' && text[at] !== '\n') at += 1
  return { value: at === start ? null : text.slice(start, at), next: at }
}
