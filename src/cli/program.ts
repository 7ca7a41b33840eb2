import { Command, CommanderError } from 'commander';

import { EXIT, type ExitCode, KnownError, codeOf, stackOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';
import { packageVersion } from '../util/version.js';
import { COMMANDS, type CommandEntry } from './commands.js';

const DESCRIPTION =
  "Country lists from the internet registries' own files, for the firewall, the DNSBL and the " +
  'mail server.';

const EXIT_CODES = `
Exit codes: 0 done; 1 failed, nothing changed; 2 wrong usage or configuration;
3 done with what could be had, old data kept for the rest.`;

/**
 * Runs one command line.
 *
 * @param argv the words behind the program's name
 * @returns the exit code; every error has been printed by then
 */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  watchOutputs();
  let exitCode: ExitCode = EXIT.done;
  const program = emptyProgram();
  const wanted = argv.find((word) => !word.startsWith('-'));
  const called = wanted === 'help' ? argv[argv.indexOf(wanted) + 1] : wanted;
  try {
    for (const entry of COMMANDS) {
      const command = program.command(entry.name).description(entry.summary);
      command.helpOption('-h, --help', 'print help');
      if (entry.name === called) {
        await define(entry, command, async (work) => {
          exitCode = await work();
        });
      }
    }
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    return reportError(error);
  }
  return exitCode;
}

/** The program with every command defined, to be described; not to be run. */
export async function describedProgram(): Promise<Command> {
  const program = emptyProgram();
  for (const entry of COMMANDS) {
    const command = program.command(entry.name).description(entry.summary);
    await define(entry, command, () => Promise.reject(new Error('this program is not to be run')));
  }
  return program;
}

function emptyProgram(): Command {
  return new Command('sekisho')
    .description(DESCRIPTION)
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText('after', EXIT_CODES)
    .enablePositionalOptions()
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
}

async function define(
  entry: CommandEntry,
  command: Command,
  run: (work: () => Promise<ExitCode>) => Promise<void>,
): Promise<void> {
  const module = await entry.load();
  module.define(command, run);
}

/** Known errors in a line, unknown ones with their stack. */
function reportError(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.done : EXIT.usage; // it has printed its message itself
  }
  if (error instanceof KnownError) {
    for (const line of error.message.split('\n')) process.stderr.write(`sekisho: ${line}\n`);
    return error.exitCode;
  }
  process.stderr.write(`sekisho: this is a defect, please report it: ${stackOf(error)}\n`);
  return EXIT.failed;
}

/**
 * `sekisho … | head` closes our output early; that is no error. Standard error carries remarks
 * only: where nobody reads them the work goes on, since an update that stops at its first
 * remark would leave old files behind and exit with 0.
 */
function watchOutputs(): void {
  process.stdout.on('error', (error) => {
    if (codeOf(error) === 'EPIPE') process.exit();
    process.exit(reportError(systemErrorOf(error, 'cannot write', 'standard output')));
  });
  process.stderr.on('error', () => {
    // there is no place left to say so
  });
}
