import { join, resolve } from 'node:path';

import { type Command, Option } from 'commander';

import type { LoadedConfig } from '../../config/load.js';
import { PRINTERS, findPrinter } from '../../mta/index.js';
import { MAP_FILES } from '../../mta/map-lines.js';
import type { ConfigurationPrinter, PrintedFile } from '../../mta/printed-file.js';
import { mailSettings } from '../../mta/settings.js';
import { EXIT, type ExitCode, UsageError } from '../../util/errors.js';
import type { CommandModule } from '../command-module.js';
import { type DataOptions, addDataOptions, openCountries, openListsOf } from '../data-options.js';
import { note, writeOut } from '../output.js';

interface PrintOptions extends DataOptions {
  readonly warnOnly?: boolean;
  readonly maps?: string;
  readonly out?: string;
}

const SERVER_HELP = `
Mail servers and filters:
${PRINTERS.map(({ name, summary }) => `  ${name.padEnd(13)} ${summary}`).join('\n')}`;

export const definePrint: CommandModule['define'] = (command: Command, run) => {
  const print = command
    .command('print')
    .description("print a mail server's configuration, with where each piece goes")
    .argument('<server>', PRINTERS.map(({ name }) => name).join(', '));
  addDataOptions(print)
    .addOption(
      new Option('--warn-only', 'dry run: listed clients are logged or marked, and let in'),
    )
    .option('--maps <dir>', 'write a map file there, and ask it instead of DNS zones')
    .option('--out <dir>', 'write the pieces there, instead of printing them')
    .addHelpText('after', SERVER_HELP)
    .action(async (server: string, options: PrintOptions) => run(() => printFor(server, options)));
};

async function printFor(server: string, options: PrintOptions): Promise<ExitCode> {
  const printer = findPrinter(server);
  if (printer === undefined) {
    const expected = PRINTERS.map(({ name }) => name).join(', ');
    throw new UsageError(`found ${JSON.stringify(server)}; expected one of ${expected}`);
  }
  const { loadConfig } = await import('../../config/load.js');
  const loaded = loadConfig(options.config);
  const map = options.maps === undefined ? undefined : mapPath(printer, options.maps);
  const settings = mailSettings(loaded, {
    isDryRun: options.warnOnly ?? false,
    ...(map !== undefined && { map }),
  });
  const files = printer.print(settings);
  const exitCode = map === undefined ? EXIT.done : await writeMap(printer, map, loaded, options);
  if (options.out === undefined) await writeOut([stdoutText(files)]);
  else await writeFiles(files, options.out);
  return exitCode;
}

/** @throws UsageError for a program that reads no map of ours */
function mapPath({ name, map }: ConfigurationPrinter, folder: string): string {
  if (map !== undefined) return resolve(folder, MAP_FILES[map]);
  const able = PRINTERS.filter((printer) => printer.map).map((printer) => printer.name);
  throw new UsageError(`found --maps with ${name}; expected one of ${able.join(', ')} with it`);
}

async function writeMap(
  { map: kind }: ConfigurationPrinter,
  file: string,
  loaded: LoadedConfig,
  options: PrintOptions,
): Promise<ExitCode> {
  if (kind === undefined) throw new Error('a map of no kind');
  const { writeMailMap, mailMapWish } = await import('../../jobs/write-mail-maps.js');
  const wish = mailMapWish(loaded, kind, file);
  const data = await openCountries(options, loaded);
  const { lists, complete } = await openListsOf(loaded, data, options);
  if (await writeMailMap(loaded, lists, wish)) note(`wrote ${file}`);
  for (const text of data.attribution) note(text);
  return complete ? EXIT.done : EXIT.partial;
}

/** Each piece below a line with its name; a piece alone as it is. */
function stdoutText(files: readonly PrintedFile[]): string {
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0) return only.text;
  return files.map(({ name, text }) => `==> ${name} <==\n${text}`).join('\n');
}

async function writeFiles(files: readonly PrintedFile[], folder: string): Promise<void> {
  const { makeFolder, writeFileAtomically } = await import('../../util/atomic-file.js');
  for (const { name, text } of files) {
    const path = join(folder, name);
    makeFolder(join(path, '..'));
    // a key of a zone may stand in it
    writeFileAtomically(path, [text], { mode: 0o640 });
    note(`wrote ${path}`);
  }
}
