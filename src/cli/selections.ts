import { InvalidInputError } from '../errors.ts'
import type { SavedSelections } from '../replay/selections/saved-selections.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { renderTable, text, toJson } from './output.ts'

export interface SelectionsOptions {
  /** JSON of a replay's `source`. */
  save?: string
  delete: boolean
}

/** `coldstream selections [name]`: names for what replays select: listed, shown, saved or deleted. */
export async function selectionsCommand(
  context: CommandContext,
  name: string | undefined,
  options: SelectionsOptions,
): Promise<ExitCode> {
  const { output } = context
  const { selections } = await context.services()
  if (name === undefined) {
    if (options.save !== undefined || options.delete) throw nameless()
    return list(context, selections)
  }
  if (options.delete) {
    await selections.delete(name)
    output.note(`${name} is deleted; replays that were made of it keep what it stood for.`)
    return 0
  }
  const saved =
    options.save === undefined ? await selections.load(name) : await selections.save(name, parse(options.save))
  output.line(toJson(output.json ? saved : saved.source))
  return 0
}

async function list({ output }: CommandContext, selections: SavedSelections): Promise<ExitCode> {
  const all = await selections.list()
  if (output.json) output.line(toJson(all))
  else if (all.length === 0) output.note('No selection is saved: coldstream selections <name> --save <json>.')
  else {
    const rows = all.map(({ name, savedAt, source }) => [name, savedAt, JSON.stringify(source)])
    output.line(renderTable([text('name'), text('saved'), text('source')], rows))
  }
  return 0
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new InvalidInputError('selection-invalid', `the selection is not JSON: ${json.slice(0, 60)}`, {
      remedy: `Give what a replay's source is: '{"topic": "orders", "time": {"from": "2025-01-01"}}'.`,
      cause,
    })
  }
}

function nameless(): InvalidInputError {
  return new InvalidInputError('selection-invalid', 'no name was given for the selection', {
    remedy: 'Put the name before the option: coldstream selections <name> --save <json>.',
  })
}
