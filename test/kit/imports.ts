import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

/** One import of one file: types, re-exports, dynamic imports and `new URL(…, import.meta.url)` count alike. */
export interface Import {
  /** The file that imports, relative to the repository, with `/`. */
  from: string
  /** What it imports: a file relative to the repository, or a package as it is written. */
  to: string
  kind: 'file' | 'package'
}

/**
 * Statements begin a line, as the formatter writes them; what an import names may span lines, and holds no quote or
 * semicolon. An `export` that declares something instead has a `=`, `(` or `;` before any `from`.
 */
const forms = [
  /^import\s+(?:type\s+)?[^'";=()]*?\bfrom\s*(['"])(?<to>[^'"]+)\1/gm,
  /^export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}'";]*\})\s*from\s*(['"])(?<to>[^'"]+)\1/gm,
  /^import\s*(['"])(?<to>[^'"]+)\1/gm,
  /\bimport\(\s*(['"])(?<to>[^'"]+)\1/g,
  /\bnew URL\(\s*(['"])(?<to>\.{1,2}\/[^'"]+\.ts)\1\s*,\s*import\.meta\.url/g,
]

/** Every import in a file's text, in the order of the forms above. */
export function importsOf(file: string, source: string): Import[] {
  return forms.flatMap((form) => Array.from(source.matchAll(form), (match) => toImport(file, match.groups!.to!)))
}

function toImport(from: string, to: string): Import {
  if (!to.startsWith('.')) return { from, to, kind: 'package' }
  return { from, to: posix.join(dirname(from), to), kind: 'file' }
}

/** TypeScript files below a folder, relative to the repository, sorted. */
export function sourceFiles(repository: string, folder: string): string[] {
  return readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
    .sort()
}

/** Every import below a folder. */
export function importsBelow(repository: string, folder: string): Import[] {
  return sourceFiles(repository, folder).flatMap((file) =>
    importsOf(file, readFileSync(join(repository, file), 'utf8')),
  )
}

/** Circles of files that import each other, each written `a -> b -> a`; none is found twice from the same start. */
export function importCycles(imports: readonly Import[]): string[] {
  const targets = new Map<string, string[]>()
  for (const { from, to, kind } of imports) {
    if (kind === 'file') targets.set(from, [...(targets.get(from) ?? []), to])
  }
  const finished = new Set<string>()
  const cycles = new Set<string>()
  const visit = (file: string, way: readonly string[]): void => {
    const seenAt = way.indexOf(file)
    if (seenAt >= 0) cycles.add([...way.slice(seenAt), file].join(' -> '))
    if (seenAt >= 0 || finished.has(file)) return
    for (const target of targets.get(file) ?? []) visit(target, [...way, file])
    finished.add(file)
  }
  for (const file of targets.keys()) visit(file, [])
  return [...cycles]
}
