import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { type Command, InvalidArgumentError, Option } from 'commander';

import { LIST_NAME } from '../config/list-name.js';
import type { LoadedConfig } from '../config/load.js';
import {
  type ExportDocument,
  type ExportJob,
  contentOf,
  documentsAt,
  documentsIn,
} from '../exports/documents.js';
import { writePlanned } from '../exports/write.js';
import { DEFAULT_MAX_LINES, FORMATS, type NamedList, findFormat } from '../formats/index.js';
import { FAMILIES, type Family } from '../ip/family.js';
import { openDataIfAny } from '../jobs/open-data.js';
import { listOfCountries } from '../lists/catalogue.js';
import { expandCountry } from '../lists/countries.js';
import { type CountryData, noticesOf } from '../sources/country-data.js';
import { EXIT, type ExitCode, SourceError, UsageError } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import {
  type DataOptions,
  addDataOptions,
  loadConfigIfNeeded,
  openCountries,
  openListsOf,
} from './data-options.js';
import { VOICE, note, warn, writeOut } from './output.js';

interface ExportOptions extends DataOptions {
  readonly country?: string[];
  readonly list?: string[];
  readonly all?: true;
  readonly format: string;
  readonly family?: string;
  readonly out?: string;
  readonly name?: string;
  readonly action?: string;
  readonly maxLines?: number;
}

const FORMAT_HELP = `
Formats:
${FORMATS.map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`).join('\n')}`;

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command)
    .option(
      '--country <codes...>',
      'countries (KR,CN), continents or registries, as one list',
      codes,
    )
    .option('--list <names...>', 'lists of the configuration (default: all of them)')
    .option('--all', 'every country and every list of the configuration, each by itself')
    .addOption(
      new Option('--format <name>', 'what to write')
        .choices(FORMATS.map((format) => format.name))
        .default('cidr'),
    )
    .addOption(new Option('--family <n>', 'only IPv4 or IPv6').choices(['4', '6']))
    .option('--out <path>', 'file or folder to write (default: standard output)')
    .option('--name <name>', 'name of the list that --country makes')
    .option('--action <text>', 'what stands behind an address, where the format has it')
    .option('--max-lines <n>', `refuse to write more lines (default ${DEFAULT_MAX_LINES})`, count)
    .addHelpText('after', FORMAT_HELP)
    .action(async (options: ExportOptions) => run(() => exportLists(options)));
};

async function exportLists(options: ExportOptions): Promise<ExitCode> {
  const format = findFormat(options.format);
  if (format === undefined) throw new Error(`format ${options.format} passed commander's choice`);
  assertOneSelection(options);
  const loaded = await loadConfigIfNeeded(options);
  const data = await openDataFor(options, loaded);
  const { lists, exitCode, leftOut } = await chooseLists(options, loaded, data);
  const job: ExportJob = {
    format,
    lists,
    families: options.family === undefined ? FAMILIES : [Number(options.family) as Family],
    maxLines: options.maxLines ?? loaded?.config.max_lines ?? DEFAULT_MAX_LINES,
    notices: noticesOf(data),
    ...(options.action !== undefined && { action: options.action }),
    ...(data.timeMs !== undefined && { dataTimeSeconds: Math.floor(data.timeMs / 1000) }),
  };
  if (options.out === undefined) {
    const [document] = documentsAt('-', job);
    if (document) await writeOut(contentOf(document, job));
  } else {
    const folder = isFolder(options.out, job) ? options.out.replace(/\/+$/, '') || '/' : undefined;
    const documents =
      folder === undefined ? documentsAt(options.out, job) : documentsIn(folder, job);
    writePlanned([{ job, documents }]);
    if (folder !== undefined && !options.country && !options.list) {
      // a country's file stays where a registry's data are missing
      const isWhole = data.absent === undefined && data.missing.length === 0;
      const mayLack = (list: string): boolean =>
        leftOut.has(list) || (!isWhole && loaded?.config.lists[list] === undefined);
      await tellLeftovers(folder, options, job, documents, mayLack);
    }
  }
  for (const text of data.attribution) note(text);
  return exitCode;
}

/** Files of lists that were given up go where they are known to be ours. */
async function tellLeftovers(
  folder: string,
  { all, family }: ExportOptions,
  { format }: ExportJob,
  documents: readonly ExportDocument[],
  mayLack: (list: string) => boolean,
): Promise<void> {
  const { forgetLeftovers } = await import('../exports/folder-index.js');
  const name = [all ? 'all' : 'lists', format.name, ...(family ? [family] : [])].join(' ');
  const written = documents.map(({ path, lists: [list] }) => ({
    name: basename(path),
    list: list?.name ?? '',
  }));
  const end = `.${format.extension}`;
  const looksOurs = (file: string): boolean =>
    all === true && family === undefined && format.splitsFamilies
      ? file.endsWith(end) && /^[a-z]\w*-ipv[46]$/i.test(file.slice(0, -end.length))
      : false;
  const { removed, left } = forgetLeftovers(folder, { name, mayLack }, written, looksOurs);
  for (const file of removed)
    warn(`removed ${join(folder, file)}: its list is not exported any more`);
  for (const file of left) warn(`left over: ${join(folder, file)}; no list is exported to it`);
}

/** Countries that were asked for by name have to be there; all there is may do without. */
async function openDataFor(
  options: ExportOptions,
  loaded: LoadedConfig | undefined,
): Promise<CountryData> {
  if (loaded === undefined || options.country) return openCountries(options, loaded);
  const data = await openDataIfAny(loaded, options, VOICE);
  if (data.absent === undefined) return data;
  if (Object.keys(loaded.config.lists).length === 0) throw new SourceError(data.absent);
  if (options.all) warn(`no country is exported: ${data.absent}`);
  return data;
}

function assertOneSelection({ country, list, all, name }: ExportOptions): void {
  const given = [country && '--country', list && '--list', all && '--all'].filter(Boolean);
  if (given.length > 1) {
    throw new UsageError(`found ${given.join(' and ')}; expected one of them`);
  }
  if (name !== undefined && !country) {
    throw new UsageError('found --name without --country; lists of the configuration have names');
  }
}

interface ChosenLists {
  readonly lists: readonly NamedList[];
  readonly exitCode: ExitCode;
  /** Names of lists that were meant, and cannot be made now. */
  readonly leftOut: ReadonlySet<string>;
}

async function chooseLists(
  options: ExportOptions,
  loaded: LoadedConfig | undefined,
  data: CountryData,
): Promise<ChosenLists> {
  const { country, all, name } = options;
  if (country) {
    const list = listOfCountries(listName(country, name), country, data.table, note);
    return { lists: [list], exitCode: EXIT.done, leftOut: new Set() };
  }
  if (all) {
    const countries = [...data.table.values()].map(({ cc, addresses }) => ({
      name: cc.toLowerCase(),
      addresses,
      countries: [{ cc, addresses }],
    }));
    const names = new Set(Object.keys(loaded?.config.lists ?? {}));
    if (names.size === 0) return { lists: countries, exitCode: EXIT.done, leftOut: new Set() };
    const { lists: own, exitCode, leftOut } = await chooseConfigured(options, loaded, data);
    // a list of the user's that has the name of a country is what he means by it
    const others = countries.filter(({ name: cc }) => !names.has(cc));
    return { lists: [...others, ...own], exitCode, leftOut };
  }
  return chooseConfigured(options, loaded, data);
}

async function chooseConfigured(
  options: ExportOptions,
  loaded: LoadedConfig | undefined,
  data: CountryData,
): Promise<ChosenLists> {
  if (loaded === undefined || Object.keys(loaded.config.lists).length === 0) {
    throw new UsageError('found no lists in the configuration; give --country KR,CN or --all');
  }
  const { lists, leftOut } = await openListsOf(loaded, data, {
    ...options,
    ...(options.list && { only: options.list }),
  });
  const names = options.list ?? [...lists.keys()];
  const chosen = names.map((wanted) => {
    const list = lists.get(wanted);
    if (list) return list;
    if (leftOut.has(wanted)) throw new SourceError(`list ${wanted} cannot be made; nothing done`);
    const known = [...lists.keys()].join(', ');
    throw new UsageError(`found list ${JSON.stringify(wanted)}; expected one of ${known}`);
  });
  if (chosen.length === 0 && !options.all) {
    throw new SourceError('no list can be made; nothing done');
  }
  const lacking = options.list === undefined && leftOut.size > 0;
  const refused = chosen.some((list) => list.faults.length > 0);
  return {
    lists: chosen,
    exitCode: lacking || refused ? EXIT.partial : EXIT.done,
    leftOut: new Set(leftOut.keys()),
  };
}

/** `kr`, `kr_cn`; long lists of countries are named for what they are. */
function listName(words: readonly string[], name: string | undefined): string {
  const text = (name ?? words.join('_')).toLowerCase().replaceAll('-', '_');
  if (name === undefined) return text.length <= 24 ? text : 'countries';
  if (LIST_NAME.test(text)) return text;
  throw new UsageError(
    `--name: found ${JSON.stringify(name)}; expected at most 24 letters, digits and _, a letter first`,
  );
}

/** A folder that is there, or ends in a slash, or has to be one since a file cannot hold the lists. */
function isFolder(path: string, { format, lists }: ExportJob): boolean {
  if (path.endsWith('/')) return true;
  if (existsSync(path)) return statSync(path).isDirectory();
  return lists.length > 1 && !format.holdsSeveralLists;
}

/** Commander's parser of `--country KR,CN JP`; called for each word. */
function codes(text: string, before: string[] | undefined): string[] {
  const words = text.split(',').map((word) => word.trim());
  for (const word of words) {
    const expanded = expandCountry(word);
    if ('expected' in expanded) {
      throw new InvalidArgumentError(
        `Found ${JSON.stringify(word)}; expected ${expanded.expected}.`,
      );
    }
  }
  return [...(before ?? []), ...words];
}

function count(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number of lines.');
}
