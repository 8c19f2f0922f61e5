import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What modules import to be typed. It is found wherever they lie, also where the package is not installed. */
const apiSpecifier = 'coldstream/upcaster'
const apiUrl = new URL(`../upcaster${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url).href

/** Notes which files this thread loads from now on, and which imports it does not find. */
export class ModuleSources {
  /** SHA-256 in hex, by absolute path. */
  readonly #hashes = new Map<string, string>()
  readonly #notFound = new Map<unknown, { specifier: string; file: string }>()

  constructor() {
    registerHooks({
      resolve: (specifier, context, next) => {
        try {
          return next(specifier === apiSpecifier ? apiUrl : specifier, context)
        } catch (error) {
          const from = context.parentURL
          if (from?.startsWith('file:')) this.#notFound.set(error, { specifier, file: fileURLToPath(from) })
          throw error
        }
      },
      load: (url, context, next) => {
        if (url.startsWith('file:') && url !== apiUrl) this.#note(fileURLToPath(url))
        return next(url, context)
      },
    })
  }

  /**
   * What tells this module from a changed one: the SHA-256 of its file; where it imports other files, the SHA-256 of their
   * list as `sha256sum` writes it, by paths relative to the module's folder.
   */
  sha256(file: string): string {
    const own = this.#hashes.get(file)
    if (own === undefined) throw new TypeError(`${file} was not loaded`)
    if (this.#hashes.size === 1) return own
    const lines = [...this.#hashes].map(
      ([path, hash]) => `${hash}  ${relative(dirname(file), path).split(sep).join('/')}\n`,
    )
    // by path, which begins after the hash
    lines.sort((a, b) => (a.slice(64) < b.slice(64) ? -1 : 1))
    return createHash('sha256').update(lines.join('')).digest('hex')
  }

  /** Where the import stands that this error is about, which the error itself does not say; null when it is about none. */
  importOf(error: unknown): { file: string; line: number } | null {
    const found = this.#notFound.get(error)
    if (found === undefined) return null
    const lines = readFileSync(found.file, 'utf8').split('\n')
    return { file: found.file, line: lines.findIndex((line) => line.includes(found.specifier)) + 1 }
  }

  #note(path: string): void {
    this.#hashes.set(path, createHash('sha256').update(readFileSync(path)).digest('hex'))
  }
}
