import { listUpcasters } from '../replay/change/list-upcasters.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { renderTable, text, toJson } from './output.ts'

/** `coldstream upcasters`: what `replay --upcaster` can name; 1 when one of them cannot be used. */
export async function upcastersCommand({ output, services }: CommandContext): Promise<ExitCode> {
  const { config, log } = await services()
  const { folder, ...limits } = config.replay.upcasters
  const listed = await listUpcasters(folder, { ...limits, log })
  if (output.json) output.line(toJson(listed))
  else if (folder === null) output.note('no folder of upcasters is configured (replay.upcasters.folder)')
  else {
    const rows = listed.map(({ name, module, problems }) => [
      name,
      module?.version ?? '',
      module?.accepts ?? '',
      module?.description ?? problems.join('; '),
    ])
    output.line(renderTable([text('upcaster'), text('version'), text('accepts'), text('description')], rows))
  }
  return listed.some(({ module }) => module === null) ? 1 : 0
}
