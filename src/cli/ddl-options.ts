import { type Command, Option } from 'commander'
import { DDL_ENGINES } from '../query/ddl/render.ts'
import { pairs } from './option-values.ts'

/** What `coldstream ddl` is told. */
export function ddlOptions(command: Command): Command {
  return command
    .description('print the statements that make a topic a table of another engine, and a view of it with text')
    .argument('<topic>')
    .addOption(new Option('-e, --engine <engine>').choices(DDL_ENGINES).makeOptionMandatory())
    .addOption(
      new Option('--partitions <how>', 'how the engine learns of partitions')
        .choices(['registered', 'projection'])
        .default('registered'),
    )
    .option('--register', 'do not print: tell the configured engine of the partitions that are archived', false)
    .option('--schema <name>', "the schema, which is Athena's database", 'events')
    .option('--table <name>', "name of the table, instead of the topic's")
    .option('--field <column=path>', 'a field of the JSON values as a column of the view; repeatable', pairs, {})
}
