import { resolve } from 'node:path'
import type { TObject, TSchema } from 'typebox'
import Value from 'typebox/value'
import { didYouMean, expectation, type Problem } from './problems.ts'
import { factsOf, isRecord, isSection, leavesOf } from './property.ts'
import { type Environment, substitute } from './substitute.ts'

/** What a source sets, by dotted path. All that is in it fits the schema. */
export type Layer = ReadonlyMap<string, unknown>

/** Where values come from, and what is found wrong with them. */
export interface Reading {
  /** Folder that relative paths start from. */
  folder: string
  environment: Environment
  problems: Problem[]
}

/** Reads a parsed file. Every problem is noted; what is wrong is left out. */
export function readTree(schema: TObject, tree: unknown, reading: Reading): Layer {
  const layer = new Map<string, unknown>()
  readSection(schema, tree, '', layer, reading)
  return layer
}

/** Reads the variables that the schema names. An empty variable counts as not set. */
export function readEnvironment(schema: TObject, reading: Reading): Layer {
  const layer = new Map<string, unknown>()
  for (const { path, schema: property } of leavesOf(schema)) {
    const name = factsOf(property).env
    const text = name === undefined ? undefined : reading.environment[name]
    if (text === undefined || text === '') continue
    const value = checked(property, fromText(property, text), `${path} (${name})`, reading)
    if (value !== undefined) layer.set(path, value)
  }
  return layer
}

function readSection(
  schema: TObject,
  tree: unknown,
  path: string,
  layer: Map<string, unknown>,
  reading: Reading,
): void {
  if (tree === null || tree === undefined) return // A heading with nothing below it.
  if (!isRecord(tree)) {
    reading.problems.push({ where: path === '' ? 'the file' : path, message: `expected ${expectation(schema)}` })
    return
  }
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  noteUnknown(schema, tree, at, reading)
  for (const [name, property] of Object.entries(schema.properties)) {
    const value = Object.hasOwn(tree, name) ? tree[name] : undefined
    if (isSection(property)) readSection(property, value, at(name), layer, reading)
    else if (value !== undefined && value !== null) {
      const before = reading.problems.length
      const text = substituted(property, value, at(name), reading)
      // What a missing variable leaves behind is no second problem.
      const fit = reading.problems.length > before ? undefined : checked(property, text, at(name), reading)
      if (fit !== undefined) layer.set(at(name), fit)
    }
  }
}

function noteUnknown(
  schema: TObject,
  tree: Readonly<Record<string, unknown>>,
  at: (name: string) => string,
  { problems }: Reading,
): void {
  const known = Object.keys(schema.properties)
  for (const name of Object.keys(tree).filter((key) => !known.includes(key))) {
    const meant = didYouMean(name, known)
    const hint = meant === null ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`
    problems.push({ where: at(name.slice(0, 100)), message: `is no property of Coldstream; ${hint}` })
  }
}

/** The value with its variables replaced. A text that came from a variable may stand for a number, as in the environment. */
function substituted(schema: TSchema, value: unknown, where: string, reading: Reading): unknown {
  if (Array.isArray(value)) {
    const items = factsOf(schema).items
    return items === undefined ? value : value.map((item, i) => substituted(items, item, `${where}[${i}]`, reading))
  }
  if (isRecord(value) && isSection(schema)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const property = schema.properties[name]
        return [name, property === undefined ? item : substituted(property, item, `${where}.${name}`, reading)]
      }),
    )
  }
  if (typeof value !== 'string') return value
  const { text, changed, missing } = substitute(value, reading.environment)
  for (const name of missing)
    reading.problems.push({ where, message: `needs the environment variable ${name}, which is not set` })
  if (missing.length > 0) return undefined
  return changed ? fromText(schema, text) : text
}

/** A value written as text, as the schema's type; the text itself when it does not read as that type. */
function fromText(schema: TSchema, text: string): unknown {
  const { type, items } = factsOf(schema)
  if (type === 'integer') return /^-?\d{1,16}$/.test(text.trim()) ? Number(text) : text
  if (type === 'number') return /^-?\d{1,15}(\.\d{1,15})?$/.test(text.trim()) ? Number(text) : text
  if (type === 'boolean') return { true: true, false: false }[text.trim().toLowerCase()] ?? text
  if (type !== 'array' || items === undefined) return text
  const parts = text.split(',').map((part) => part.trim())
  const names = isSection(items) ? Object.keys(items.properties) : null
  // A list of small objects is written `first=second`; further `=` belong to the second.
  return names === null
    ? parts
    : parts.map((part) => Object.fromEntries(names.map((name, i) => [name, splitOnce(part)[i]])))
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** The value if it fits, its relative path made absolute; undefined, with every problem noted, if not. */
function checked(schema: TSchema, value: unknown, where: string, reading: Reading): unknown {
  if (value === undefined) return undefined
  const before = reading.problems.length
  check(schema, value, where, reading)
  if (reading.problems.length > before) return undefined
  return factsOf(schema).path ? absolute(value, reading.folder) : value
}

function check(schema: TSchema, value: unknown, where: string, reading: Reading): void {
  const { items } = factsOf(schema)
  if (Array.isArray(value) && items !== undefined) {
    for (const [i, item] of value.entries()) check(items, item, `${where}[${i}]`, reading)
    if (value.length > 0) return
  } else if (isRecord(value) && isSection(schema)) {
    noteUnknown(schema, value, (name) => `${where}.${name}`, reading)
    for (const [name, property] of Object.entries(schema.properties))
      check(property, value[name], `${where}.${name}`, reading)
    return
  }
  if (!Value.Check(schema, value)) reading.problems.push({ where, message: `expected ${expectation(schema)}` })
}

/** URLs stay as they are. A store that is given as a path becomes a URL where it is used. */
function absolute(value: unknown, folder: string): unknown {
  return typeof value !== 'string' || /^(s3|file):/.test(value) ? value : resolve(folder, value)
}

/** The whole of the settings: what is set, else the default. */
export function withDefaults(schema: TObject, layer: Layer, folder: string): Record<string, unknown> {
  const fill = (section: TObject, path: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(section.properties).flatMap(([name, property]) => {
        const at = path === '' ? name : `${path}.${name}`
        if (isSection(property)) return [[name, fill(property, at)]]
        const value = layer.get(at) ?? defaultOf(property, folder)
        return value === undefined ? [] : [[name, value]]
      }),
    )
  return fill(schema, '')
}

function defaultOf(schema: TSchema, folder: string): unknown {
  const facts = factsOf(schema)
  return facts.path ? absolute(facts.default, folder) : structuredClone(facts.default)
}
