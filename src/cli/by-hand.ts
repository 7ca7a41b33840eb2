import { type Command, InvalidArgumentError } from 'commander';

import type { LoadedConfig } from '../config/load.js';
import type { Target } from '../jobs/hand-made.js';
import type { List } from '../lists/catalogue.js';
import { parseEnd } from '../lists/manual.js';
import { EXIT, type ExitCode, KnownError, UsageError } from '../util/errors.js';
import { UNIT_MS } from '../util/time-units.js';
import type { CommandModule } from './command-module.js';
import { parseDuration } from './duration.js';
import { type DataOptions, addDataOptions } from './data-options.js';
import { edit } from './edit-by-hand.js';
import { note, warn } from './output.js';

interface AddOptions extends DataOptions {
  readonly for?: number;
  readonly until?: number;
  readonly reason?: string;
  readonly list?: string;
  readonly stdin?: true;
  readonly force?: true;
}

type RemoveOptions = Pick<AddOptions, 'list' | 'stdin'> & DataOptions;

export const defineBlock: CommandModule['define'] = (command, run) => {
  addOptions(command)
    .option('--force', 'also what would lock somebody out, or is larger than the limit')
    .action((words: string[], options: AddOptions) => run(() => add('block', words, options)));
};

export const defineAllow: CommandModule['define'] = (command, run) => {
  addOptions(command).action((words: string[], options: AddOptions) =>
    run(() => add('allow', words, options)),
  );
};

export const defineUnblock: CommandModule['define'] = (command, run) => {
  removeOptions(command).action((words: string[], options: RemoveOptions) =>
    run(() => remove('block', words, options)),
  );
};

export const defineDisallow: CommandModule['define'] = (command, run) => {
  removeOptions(command).action((words: string[], options: RemoveOptions) =>
    run(() => remove('allow', words, options)),
  );
};

type Purpose = 'block' | 'allow';

function addOptions(command: Command): Command {
  return removeOptions(command)
    .option('--for <time>', 'how long, such as 90m, 12h, 7d, 4w', duration)
    .option('--until <date>', 'until when, such as 2026-12-31 or 2026-12-31T12:00:00Z', date)
    .option('--reason <text>', 'why, in one line');
}

function removeOptions(command: Command): Command {
  return addDataOptions(command)
    .argument('[addresses...]', 'addresses, prefixes or ranges (first-last)')
    .option('--list <name>', 'list to edit')
    .option('--stdin', 'read addresses from standard input, one a line');
}

async function add(purpose: Purpose, words: string[], options: AddOptions): Promise<ExitCode> {
  const { loaded, targets, list } = await prepare(purpose, words, options);
  const { reasonFault } = await import('../lists/manual-text.js');
  const { reason } = options;
  const fault = reason === undefined ? undefined : reasonFault(reason);
  if (fault !== undefined) {
    throw new UsageError(`found --reason ${JSON.stringify(reason)}; expected ${fault}`);
  }
  if (options.for !== undefined && options.until !== undefined) {
    throw new UsageError('found --for and --until; expected one of them');
  }
  const { authorName } = await import('../jobs/hand-made.js');
  if (purpose === 'block') await refuseDangers(loaded, targets, options);
  const nowMs = Date.now();
  const untilMs = options.until ?? (options.for === undefined ? undefined : nowMs + options.for);
  if (untilMs !== undefined && untilMs <= nowMs) {
    throw new UsageError('found an end that is over; expected one in the future');
  }
  const author = authorName(process.env);
  return edit(loaded, options, list, (text) => {
    for (const target of targets) {
      const isNew = text.add({
        ...target,
        sinceMs: nowMs,
        author,
        ...(reason !== undefined && reason.trim() !== '' && { reason: reason.trim() }),
        ...(untilMs !== undefined && { untilMs: Math.ceil(untilMs / 1000) * 1000 }),
      });
      if (!isNew) note(`${target.text} was on list ${list} already`);
    }
  });
}

async function remove(
  purpose: Purpose,
  words: string[],
  options: RemoveOptions,
): Promise<ExitCode> {
  const { loaded, targets, list } = await prepare(purpose, words, options);
  const left: Target[] = [];
  const code = await edit(loaded, options, list, (text) => {
    for (const target of targets) {
      const removed = text.removeWithin(target.range);
      const larger = text.meeting(target.range);
      if (larger.length > 0) left.push(target);
      for (const entry of larger) {
        warn(`${target.text} remains on list ${list}: ${entry.text} (line ${entry.line}) holds it`);
      }
      if (removed.length === 0 && larger.length === 0) {
        warn(`${target.text} is not on list ${list}`);
      }
    }
  });
  return left.length === 0 ? code : EXIT.failed;
}

async function prepare(
  purpose: Purpose,
  words: readonly string[],
  options: RemoveOptions,
): Promise<{ loaded: LoadedConfig; targets: Target[]; list: string }> {
  const { loadConfig } = await import('../config/load.js');
  const { readTargets } = await import('../jobs/hand-made.js');
  const loaded = loadConfig(options.config);
  const list = options.list ?? defaultList(loaded, purpose);
  const given = options.stdin ? [...words, ...(await readLines())] : words;
  if (given.length === 0) {
    throw new UsageError('found no address; expected one at least, or --stdin');
  }
  return { loaded, targets: readTargets(given), list };
}

/** The first list of the firewall for that purpose, or the one with the usual name. */
function defaultList({ config }: LoadedConfig, purpose: Purpose): string {
  const { blocked, allow } = config.firewall ?? {};
  return purpose === 'block' ? (blocked?.[0] ?? 'blocked') : (allow?.[0] ?? 'trusted');
}

async function readLines(): Promise<string[]> {
  let text = '';
  for await (const piece of process.stdin) text += String(piece);
  return text
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '');
}

async function refuseDangers(
  loaded: LoadedConfig,
  targets: readonly Target[],
  options: AddOptions,
): Promise<void> {
  const { allowListsToMake, blockingDangers } = await import('../jobs/hand-made.js');
  const { findSessionPeers } = await import('../firewall/safety/sessions.js');
  const sessions = findSessionPeers().map(({ address }) => ({
    family: address.family,
    first: address.words,
    last: address.words,
  }));
  const made = allowListsToMake(loaded).length > 0 ? await madeLists(loaded, options) : undefined;
  const dangers = blockingDangers(loaded, targets, sessions, made);
  if (dangers.length === 0) return;
  if (!options.force) {
    throw new UsageError(
      [...dangers, 'nothing was blocked; --force does it all the same'].join('\n'),
    );
  }
  for (const danger of dangers) warn(danger);
}

/** All lists, where those by which addresses pass are more than a file; none where there is no data. */
async function madeLists(
  loaded: LoadedConfig,
  options: DataOptions,
): Promise<ReadonlyMap<string, List> | undefined> {
  const { openDataOfLists } = await import('../jobs/open-data.js');
  const { openLists } = await import('../lists/open-lists.js');
  const { QUIET_VOICE } = await import('./output.js');
  try {
    const data = await openDataOfLists(loaded, options, QUIET_VOICE);
    const readState = options.from === undefined;
    return openLists(loaded, data.table, { nowMs: Date.now(), readState }).lists;
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    warn(`whether an allow list holds these addresses is not known: ${error.message}`);
    return undefined;
  }
}

const LONGEST_MS = 100 * 365 * UNIT_MS.d;

function duration(text: string): number {
  const spanMs = parseDuration(text);
  if (spanMs !== undefined && spanMs <= LONGEST_MS) return spanMs;
  throw new InvalidArgumentError(
    'Expected a time such as 90m, 12h, 7d or 4w, of a hundred years at most.',
  );
}

function date(text: string): number {
  const time = parseEnd(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError('Expected 2026-12-31 or 2026-12-31T12:00:00Z.');
}
