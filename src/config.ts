import { dirname, resolve } from 'node:path'
import Value from 'typebox/value'
import { type Layer, readEnvironment, readTree, withDefaults } from './config/layer.ts'
import type { Problem } from './config/problems.ts'
import { resolveSettings } from './config/resolve.ts'
import { configSchema } from './config/schema.ts'
import type { Config } from './config/shape.ts'
import type { Environment } from './config/substitute.ts'
import { readYamlFile } from './config/yaml-file.ts'
import { InvalidInputError } from './errors.ts'

export type { Config }

/** What configuration is read from besides the file. */
export interface ConfigSurroundings {
  environment: Environment
  workingFolder: string
}

const defaultFile = 'coldstream.yaml'

/**
 * Reads the configuration: environment over file over defaults. `file` null means `coldstream.yaml` if it is there.
 * Throws InvalidInputError `config-unreadable`, or `config-invalid` with every problem there is.
 */
export async function loadConfig(
  file: string | null,
  { environment, workingFolder }: ConfigSurroundings = { environment: process.env, workingFolder: process.cwd() },
): Promise<Config> {
  const path = resolve(workingFolder, file ?? defaultFile)
  const yaml = await readYamlFile(path)
  if (yaml === null && file !== null) {
    throw new InvalidInputError('config-unreadable', `There is no configuration file ${path}.`, {
      remedy: 'Correct the path after --config, or leave it out to run by environment and defaults.',
      details: { file: path },
    })
  }
  const problems: Problem[] = []
  const inFile: Layer = readTree(configSchema, yaml?.tree, { folder: dirname(path), environment, problems })
  const inEnvironment = readEnvironment(configSchema, { folder: workingFolder, environment, problems })
  const set: Layer = new Map([...inFile, ...inEnvironment])
  const settings = withDefaults(configSchema, set, workingFolder)
  if (!Value.Check(configSchema, settings)) throw new TypeError('defaults do not fit the configuration schema')
  const config = resolveSettings(settings, set.has('store.url'), environment, problems)
  if (problems.length > 0) throw invalid(problems, yaml === null ? null : path)
  return config
}

function invalid(problems: readonly Problem[], file: string | null): InvalidInputError {
  const lines = problems.map(({ where, message }) => `${where}: ${message}`)
  const source = file === null ? 'The environment' : `The configuration (${file} and environment)`
  const count = lines.length === 1 ? 'a problem' : `${lines.length} problems`
  return new InvalidInputError('config-invalid', `${source} has ${count}:\n  ${lines.join('\n  ')}`, {
    remedy: 'Correct each of them; docs/configuration.md lists every property with its variable and default.',
    details: { problems: lines, ...(file === null ? {} : { file }) },
  })
}
