/**
 * What is passed over whole when looking for parameters: strings, quoted identifiers and comments. Then a parameter,
 * `$name`; Trino and Athena use `$` nowhere else. What is not closed goes to the end of the text, so that it is looked at once.
 */
const TOKEN = /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|--[^\n]*|\/\*(?:[\s\S]*?\*\/|[\s\S]*)|\$(?<name>[A-Za-z_]\w*)/g

/**
 * A statement with `$name` for parameters as one with `?`, for engines that count them. Each `?` is filled up with
 * blanks to the length of what it replaces, so that places in the text, which errors name, stay the same.
 */
export function toPositional(sql: string): { sql: string; names: string[] } {
  const names: string[] = []
  const text = sql.replace(TOKEN, (token, ...rest) => {
    const { name } = rest.at(-1) as { name?: string }
    if (name === undefined) return token
    names.push(name)
    return '?'.padEnd(token.length)
  })
  return { sql: text, names }
}
