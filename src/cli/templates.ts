import type { CommandContext, ExitCode } from './command.ts'
import { renderTable, text, toJson } from './output.ts'

/** `coldstream templates`: what `query --template` can run, with the parameters it takes. */
export async function templatesCommand({ output, services }: CommandContext): Promise<ExitCode> {
  const { queries } = await services()
  const templates = queries.templates()
  if (output.json) {
    output.line(toJson(templates))
    return 0
  }
  const rows = templates.map(({ name, title, parameters }) => [
    name,
    title,
    parameters
      .map((parameter) => (parameter.default === null ? parameter.name : `[${parameter.name}=${parameter.default}]`))
      .join(' '),
  ])
  output.line(renderTable([text('template'), text('title'), text('parameters')], rows))
  return 0
}
