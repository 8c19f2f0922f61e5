import { readdir, readFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidInputError, NotFoundError } from '../../errors.ts'
import { parseTemplate } from './parse.ts'
import type { Template } from './template.ts'

/** `queries/` of the package; src and dist lie side by side below its root. */
export const BUILT_IN_TEMPLATES = fileURLToPath(new URL('../../../queries', import.meta.url))

/** No template is as long as that; something else lies in the folder. */
const MAX_TEMPLATE_BYTES = 256 * 1024

/** All templates there are, by name. */
export class TemplateLibrary {
  readonly #templates: ReadonlyMap<string, Template>

  constructor(templates: readonly Template[]) {
    this.#templates = new Map(templates.map((template) => [template.name, template]))
  }

  /** In order of their names. */
  list(): Template[] {
    return [...this.#templates.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Throws NotFoundError `template-not-found`. */
  get(name: string): Template {
    const template = this.#templates.get(name)
    if (template !== undefined) return template
    const names = this.list().map((known) => known.name)
    throw new NotFoundError('template-not-found', `There is no template ${name}.`, {
      remedy: `Use one of: ${names.join(', ')}.`,
    })
  }
}

/**
 * Reads every `*.sql` of the folders. Throws InvalidInputError `templates-invalid` that lists every problem of every file
 * with its line, also a name that is taken twice.
 */
export async function loadTemplates(folders: readonly string[]): Promise<TemplateLibrary> {
  const templates: Template[] = []
  const problems: string[] = []
  const files = (await Promise.all(folders.map(sqlFiles))).flat()
  for (const file of files) {
    const source = await readFile(file)
    const shown = relative(process.cwd(), file)
    if (source.byteLength > MAX_TEMPLATE_BYTES) {
      problems.push(`${shown}:1: the file is larger than ${MAX_TEMPLATE_BYTES} bytes`)
      continue
    }
    const { template, problems: found } = parseTemplate(basename(file, '.sql'), shown, source.toString())
    problems.push(...found.map(({ line, message }) => `${shown}:${line}: ${message}`))
    const twin = templates.find((other) => other.name === template?.name)
    if (twin !== undefined) problems.push(`${shown}:1: ${twin.file} has this name already; name yours differently`)
    if (template !== null) templates.push(template)
  }
  if (problems.length > 0) {
    throw new InvalidInputError('templates-invalid', `Templates cannot be used:\n${problems.join('\n')}`, {
      remedy: 'Correct the files; queries/events-of-key.sql is an example.',
      details: { problems },
    })
  }
  return new TemplateLibrary(templates)
}

async function sqlFiles(folder: string): Promise<string[]> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (cause) {
    throw new InvalidInputError('templates-invalid', `The templates folder ${folder} cannot be read.`, {
      remedy: 'Correct the configured folder of templates, or create it.',
      cause,
    })
  }
  return names
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => join(folder, name))
}
