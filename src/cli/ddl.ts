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
  register: boolean
}

/** `coldstream ddl <topic>`: statements that make the topic a table of an engine, or its partitions told to the engine. */
export async function ddlCommand(context: CommandContext, topic: string, options: DdlOptions): Promise<ExitCode> {
  const { engine, partitions, schema, table = null, field } = options
  if (partitions === 'projection' && (engine === 'duckdb' || engine === 'spark')) {
    throw new InvalidInputError('ddl-options', `${engine} knows no partition projection.`, {
      remedy: 'Leave out --partitions.',
    })
  }
  if (options.register && partitions === 'projection') {
    throw new InvalidInputError('ddl-options', 'Partitions that are projected are not registered.', {
      remedy: 'Leave out --register, or --partitions projection.',
    })
  }
  const { store, queries } = await context.services()
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
  if (options.register) {
    const sent = await queries.registerPartitions(engine, { shape, segments, storeUrl: store.url }, context.signal)
    const { output } = context
    if (output.json) output.line(toJson({ engine, table: shape.table, statements: sent }))
    else output.line(`${engine} knows all partitions of ${schema}.${shape.table} now (statements sent: ${sent})`)
    return 0
  }
  const statements = renderDdl(engine, shape)
  if (context.output.json) context.output.line(toJson({ engine, table: shape.table, statements }))
  else context.output.raw(ddlText(statements))
  return 0
}
