import { Command, CommanderError, Option } from 'commander'
import { ColdstreamError } from '../errors.ts'
import type { Services } from '../services.ts'
import { captureCommand } from './capture.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { ddlCommand } from './ddl.ts'
import { ddlOptions } from './ddl-options.ts'
import { doctorCommand } from './doctor.ts'
import { pairs, wholeNumber } from './option-values.ts'
import { createOutput, renderError, type Streams } from './output.ts'
import { queryCommand } from './query.ts'
import { QUERY_FORMATS } from './query-output.ts'
import { replayCommand } from './replay.ts'
import { replayOptions } from './replay-options.ts'
import { segmentsCommand } from './segments.ts'
import { selectionsCommand } from './selections.ts'
import { serveCommand } from './serve.ts'
import { templatesCommand } from './templates.ts'
import { topicsCommand } from './topics.ts'
import { upcastersCommand } from './upcasters.ts'
import { verifyCommand } from './verify.ts'

/** What the command line is given by `main`. */
export interface CliParts extends Streams {
  version: string
  workingFolder: string
  /** Opens the services by a configuration file, or by the default one; logs only what is asked for. */
  openServices(options: OpenOptions): Promise<Services>
  /** Aborted by SIGINT or SIGTERM. */
  signal: AbortSignal
}

export interface OpenOptions {
  /** `--config`; null: `coldstream.yaml` where the command runs, if there is one. */
  configFile: string | null
  /** `--verbose`, and always for `serve`: log what the service does, not only what goes wrong. */
  verbose: boolean
}

interface GlobalOptions {
  config?: string
  json?: true
  verbose?: true
}

/** Runs one command line; answers its exit code: 0 done, 1 failed, 2 wrong usage or input. Never throws. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<0 | 1 | 2> {
  let code: ExitCode = 0
  const program = buildProgram(parts, (exitCode) => {
    code = exitCode
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    // commander has printed its own message already
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const json = program.opts<GlobalOptions>().json === true
    parts.stderr.write(`${renderError(error, json)}\n`)
    return error instanceof ColdstreamError ? error.exitCode : 1
  }
}

function buildProgram(parts: CliParts, exit: (code: ExitCode) => void): Command {
  const program = new Command('coldstream')
  program
    .description(
      'Archives event topics as Parquet, answers SQL over them, and replays any part of them, exactly once each way.',
    )
    .version(parts.version)
    .option('-c, --config <file>', 'configuration file (default: coldstream.yaml, if it exists)')
    .option('--json', 'print one JSON document, for scripts')
    .option('-v, --verbose', 'log what is being done to standard error')
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({ writeOut: (text) => parts.stdout.write(text), writeErr: (text) => parts.stderr.write(text) })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage or input. Configuration: docs/configuration.md.',
    )

  /** Gives the command its context and closes the services when it ends, however it ends. */
  const run =
    <Arguments extends unknown[]>(
      command: (context: CommandContext, ...rest: Arguments) => Promise<ExitCode>,
      verbose = false,
    ) =>
    async (...rest: Arguments): Promise<void> => {
      const options = program.opts<GlobalOptions>()
      let opened: Promise<Services> | null = null
      const context: CommandContext = {
        output: createOutput(parts, options.json === true),
        services: () => {
          opened ??= parts.openServices({
            configFile: options.config ?? null,
            verbose: verbose || options.verbose === true,
          })
          return opened
        },
        signal: parts.signal,
        version: parts.version,
        workingFolder: parts.workingFolder,
      }
      try {
        exit(await command(context, ...rest))
      } finally {
        // an opening that failed has nothing to close, and its error is on its way
        const services = await (opened as Promise<Services> | null)?.catch(() => null)
        await services?.close()
      }
    }

  program
    .command('serve')
    .description('run the REST API, and capture the given connectors until stopped')
    .argument('[connectors...]', 'connector JSON files')
    .action(run(serveCommand, true))
  program
    .command('capture')
    .description('archive the topics of connectors until stopped')
    .argument('<connectors...>', 'connector JSON files')
    .option('--until-end', 'stop at the end offsets that the topics have now', false)
    .action(run(captureCommand))
  program
    .command('topics')
    .description('list what is archived')
    .option(
      '--headroom',
      'show how long until the broker deletes what is not archived, or not read by a group, yet',
      false,
    )
    .action(run(topicsCommand))
  program
    .command('segments')
    .description('list the segments of a topic')
    .argument('<topic>')
    .action(run(segmentsCommand))
  program
    .command('verify')
    .description('check that every offset is a row or an explained gap, and every object is there, whole and known')
    .argument('<topic>')
    .option('--topics-dir <folder>', 'where the connector files segments', 'topics')
    .action(run(verifyCommand))
  program
    .command('query')
    .description('run one SELECT over the archived topics, or a template')
    .argument('[sql]', 'the statement; - reads it from standard input; \\G behind it is --format vertical')
    .option('-t, --template <name>', 'run this template')
    .option('-p, --param <name=value>', 'parameter of the template or statement; repeatable', pairs, {})
    .addOption(new Option('-f, --format <format>').choices([...QUERY_FORMATS]).default('table'))
    .option('--limit <rows>', 'rows at most', wholeNumber)
    .option('-e, --engine <name>', 'run it on this engine; else on the configured one')
    .option('--estimate', 'say what it would read at most, instead of running it')
    .addOption(
      new Option('--freshness <of>', 'live: also say how far the archive is behind the broker').choices([
        'archive',
        'live',
      ]),
    )
    .action(run(queryCommand))
  program.command('templates').description('list the SQL templates and their parameters').action(run(templatesCommand))
  ddlOptions(program.command('ddl')).action(run(ddlCommand))
  program
    .command('upcasters')
    .description('list the modules that can change events while they are replayed')
    .action(run(upcastersCommand))
  program
    .command('selections')
    .description('list, show, save or delete names for what replays select')
    .argument('[name]')
    .option('--save <json>', 'save this source of a replay under the name')
    .option('--delete', 'forget the name', false)
    .action(run(selectionsCommand))
  replayOptions(program.command('replay')).action(run(replayCommand))
  program
    .command('doctor')
    .description('check broker, permissions, store, clock and versions, and say what to do')
    .argument('[connectors...]', 'connector JSON files whose topics to check too')
    .action(run(doctorCommand))
  return program
}
