import { realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { types } from 'node:util'
import type { UpcasterDescription } from './messages.ts'
import { ModuleSources } from './module-sources.ts'
import { exportLine, problemOf } from './problem-place.ts'

/** A module that can be run. */
export interface LoadedModule {
  description: UpcasterDescription
  /** Absolute path. */
  file: string
  tombstones: boolean
  upcast: (event: unknown) => unknown
}

const members = ['name', 'version', 'description', 'accepts', 'tombstones', 'upcast']

/** Loads a module and looks at its default export. Each problem is `file:line: what is wrong`. */
export async function loadModule(path: string, name: string): Promise<LoadedModule | { problems: string[] }> {
  // as modules are loaded and named in stacks
  const file = realpathSync(path)
  const sources = new ModuleSources()
  let found: unknown
  try {
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown }
    found = module.default
  } catch (error) {
    return { problems: [problemOf(error, file, sources.importOf(error))] }
  }
  const problems = problemsOf(found, name)
  if (problems.length > 0) {
    const place = `${basename(file)}:${exportLine(file)}`
    return { problems: problems.map((problem) => `${place}: ${problem}`) }
  }
  const { version, description = '', accepts, tombstones = false, upcast } = found as CheckedExport
  return {
    description: { version: String(version), description, accepts, sha256: sources.sha256(file) },
    file,
    tombstones,
    // called as a method, so that `this` is the upcaster
    upcast: (event) => upcast.call(found, event),
  }
}

interface CheckedExport {
  version: string | number
  description?: string
  accepts: 'json' | 'bytes'
  tombstones?: boolean
  upcast: (event: unknown) => unknown
}

function problemsOf(found: unknown, name: string): string[] {
  if (typeof found !== 'object' || found === null) return ['the module has no upcaster as its default export']
  const given = found as Readonly<Record<string, unknown>>
  const problems = Object.keys(given)
    .filter((member) => !members.includes(member))
    .map((member) => `${JSON.stringify(member)} is not known; known are ${members.join(', ')}`)
  const expect = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem)
  }
  const { version, description, accepts, tombstones, upcast } = given
  const isVersion = typeof version === 'string' ? /^\S.{0,63}$/.test(version) : Number.isFinite(version)
  expect(given.name === undefined || given.name === name, `"name" must be the file's name, ${name}, or be left out`)
  expect(isVersion, '"version" must be a text of at most 64 characters or a number')
  expect(description === undefined || typeof description === 'string', '"description" must be a text')
  expect(accepts === 'json' || accepts === 'bytes', '"accepts" must be "json" or "bytes"')
  expect(tombstones === undefined || typeof tombstones === 'boolean', '"tombstones" must be true or false')
  expect(typeof upcast === 'function', '"upcast" must be a function')
  expect(!types.isAsyncFunction(upcast), '"upcast" is async, and must return the event itself instead of a promise')
  expect(!types.isGeneratorFunction(upcast), '"upcast" is a generator, and must return a list of events instead')
  return problems
}
