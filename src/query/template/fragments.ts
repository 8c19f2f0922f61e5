import type { SqlDialect } from '../../ports/query-engine.ts'

interface Fragment {
  /** How many parameters follow its name. */
  parameters: number
  /** `places`: the placeholders of their values. */
  sql: Readonly<Record<SqlDialect['syntax'], (places: readonly string[]) => string>>
}

/** What no one text says to all engines: they differ in lambdas. */
export const FRAGMENTS = {
  /** The bytes of a record's first header of a name, NULL where there is none: `{header_value :name}`. */
  header_value: {
    parameters: 1,
    sql: {
      duckdb: ([name]) => `(list_filter(record_headers, lambda header: header.key = ${name})[1]).value`,
      trino: ([name]) => `element_at(filter(record_headers, header -> header.key = ${name}), 1).value`,
    },
  },
  /** Whether a record has a header of that name and text: `{has_header :name :text}`. */
  has_header: {
    parameters: 2,
    sql: {
      duckdb: ([name, text]) =>
        `len(list_filter(record_headers, lambda header: header.key = ${name} AND header.value = to_utf8(${text}))) > 0`,
      trino: ([name, text]) =>
        `any_match(record_headers, header -> header.key = ${name} AND header.value = to_utf8(${text}))`,
    },
  },
} as const satisfies Readonly<Record<string, Fragment>>

export type FragmentName = keyof typeof FRAGMENTS

export function isFragment(name: string): name is FragmentName {
  return Object.hasOwn(FRAGMENTS, name)
}

/** Of a fragment, however it was declared. */
export function fragmentOf(name: FragmentName): Fragment {
  return FRAGMENTS[name]
}
