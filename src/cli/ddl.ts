import { InvalidInputError } from '../errors.ts'
import { commitLogSnapshots } from '../query/archive-snapshots.ts'
import { type DdlEngine, ddlText, renderDdl } from '../query/ddl/render.ts'
import { type TableShape, tableShape } from '../query/ddl/table-shape.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { toJson } from './output.ts'

export interface DdlOptions {
  engine: DdlEngine
  partitions: TableShape['discovery']
  schema: string
  table?: string
  field: Record<string, string>
}

/** `coldstream ddl <topic>`: statements that make the topic a table of an engine. */
export async function ddlCommand(context: CommandContext, topic: string, options: DdlOptions): Promise<ExitCode> {
  const { engine, partitions, schema, table = null, field } = options
  if (partitions === 'projection' && (engine === 'duckdb' || engine === 'spark')) {
    throw new InvalidInputError('ddl-options', `${engine} knows no partition projection.`, {
      remedy: 'Leave out --partitions.',
    })
  }
  const { store } = await context.services()
  const { segments } = await commitLogSnapshots(store).load(topic)
  const shape = tableShape({
    topic,
    segments,
    storeUrl: store.url,
    table,
    schema,
    discovery: partitions,
    fields: field,
  })
  const statements = renderDdl(engine, shape)
  if (context.output.json) context.output.line(toJson({ engine, table: shape.table, statements }))
  else context.output.raw(ddlText(statements))
  return 0
}
