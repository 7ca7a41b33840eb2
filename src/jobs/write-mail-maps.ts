import {
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

import type { LoadedConfig } from '../config/load.js';
import type { MailMapRule } from '../config/schema.js';
import type { MailAction } from '../config/values.js';
import { findFormat } from '../formats/index.js';
import { type AddressSet, differenceOf, unionOf } from '../ip/address-set.js';
import { FAMILIES } from '../ip/family.js';
import type { List } from '../lists/catalogue.js';
import { mailTexts } from '../mta/settings.js';
import { mailMapAction, mailMapEnd, mailMapStart, type Passage } from '../mta/map-lines.js';
import { makeFolder, writeFileAtomically } from '../util/atomic-file.js';
import { KnownError, SystemError, UsageError, codeOf } from '../util/errors.js';
import { runProgram } from '../util/run-program.js';
import { systemErrorOf } from '../util/system-error.js';
import { MAP_COMPILERS } from './mail-map-compilers.js';
import type { ExportOutcome } from './write-exports.js';

/** A map to be made: lists by name, and what becomes of them. */
export type MailMapWish = Pick<MailMapRule, 'kind' | 'file' | 'own' | 'then'> &
  Readonly<Partial<Pick<MailMapRule, 'lists' | 'approved'>>>;

/** Lists of a map, and what is done with a client in each. */
interface MapLists {
  readonly actions: ReadonlyMap<string, MailAction>;
  readonly approved: readonly string[];
}

/**
 * Checks what can be known before there is any data.
 *
 * @throws UsageError for the first map whose lists do not exist, or that has none
 */
export function assertMailMaps(loaded: LoadedConfig): void {
  const { config, errorAt } = loaded;
  const known = Object.keys(config.lists);
  for (const [index, rule] of config.mta.maps.entries()) {
    for (const key of ['lists', 'approved'] as const) {
      for (const [at, name] of (rule[key] ?? []).entries()) {
        if (known.includes(name)) continue;
        const expected = `one of the lists ${known.join(', ')}`;
        throw errorAt(['mta', 'maps', index, key, at], JSON.stringify(name), expected);
      }
    }
    if (mapLists(loaded, rule).actions.size === 0) {
      throw errorAt(
        ['mta', 'maps', index],
        'no lists, and no zone of kind list below dnsbl.zones',
        'lists: the names of lists to refuse',
      );
    }
  }
}

/**
 * Brings the configured maps up to date. One that has not changed is left alone; where one
 * cannot be made, or its program fails, the old one stays and the others are made.
 */
export async function writeMailMaps(
  loaded: LoadedConfig,
  lists: ReadonlyMap<string, List>,
): Promise<ExportOutcome> {
  const paths: string[] = [];
  const faults: string[] = [];
  for (const rule of loaded.config.mta.maps) {
    const wish = { ...rule, file: loaded.resolvePath(rule.file) };
    try {
      if (await writeMailMap(loaded, lists, wish)) paths.push(wish.file);
    } catch (error) {
      if (!(error instanceof KnownError)) throw error;
      faults.push(`${wish.file} stays as it was: ${error.message}`);
    }
  }
  return { paths, faults };
}

/**
 * Writes one map and has its program compile or check it, all beside the old one.
 *
 * @returns whether it has changed
 * @throws UsageError where its format cannot hold the lists, SystemError from files and programs
 */
export async function writeMailMap(
  loaded: LoadedConfig,
  lists: ReadonlyMap<string, List>,
  wish: MailMapWish,
): Promise<boolean> {
  const { kind, file, then } = wish;
  const compiler = MAP_COMPILERS[kind];
  const text = mapText(loaded, lists, wish);
  const made = compiler.suffix === undefined ? file : `${file}${compiler.suffix}`;
  const undone = `${file}.then`;
  if (existsSync(made) && readIfThere(file) === text) {
    if (!then || !existsSync(undone)) return false;
    await runThen(then);
    rmSync(undone, { force: true });
    return true;
  }
  makeFolder(dirname(file));
  const fresh = `${file}.new`;
  try {
    writeFileAtomically(fresh, [text]);
    await compiler.compile(fresh, text);
    if (compiler.suffix !== undefined) {
      keepOwner(made, `${fresh}${compiler.suffix}`);
      renameSync(`${fresh}${compiler.suffix}`, made);
    }
    keepOwner(file, fresh);
    // whoever dies before the command has run leaves it to the next update
    if (then) writeFileAtomically(undone, ['']);
    renameSync(fresh, file);
  } catch (error) {
    throw error instanceof KnownError ? error : systemErrorOf(error, 'cannot write', file);
  } finally {
    for (const left of [fresh, `${fresh}${compiler.suffix ?? ''}`]) rmSync(left, { force: true });
  }
  if (then) await runThen(then);
  rmSync(undone, { force: true });
  return true;
}

/**
 * The map that a mail server is to ask instead of zones: as `mta.maps` has it for the same file,
 * else of the lists of the zones, or of every list where there are no zones.
 */
export function mailMapWish(
  loaded: LoadedConfig,
  kind: MailMapRule['kind'],
  file: string,
): MailMapWish {
  const rule = loaded.config.mta.maps.find((one) => loaded.resolvePath(one.file) === file);
  if (rule?.kind === kind) return { ...rule, file };
  if (mapLists(loaded, { kind, file }).actions.size > 0) return { kind, file };
  const lists = Object.keys(loaded.config.lists);
  if (lists.length > 0) return { kind, file, lists };
  throw new UsageError(
    `${loaded.file ?? 'the configuration'} has no lists; expected some below lists to make a map of`,
  );
}

/** The mail server may read its maps as a user or group of its own. */
function keepOwner(old: string, fresh: string): void {
  const stat = statSync(old, { throwIfNoEntry: false });
  if (stat === undefined) return;
  chmodSync(fresh, stat.mode & 0o7777);
  const { uid, gid } = statSync(fresh);
  if (uid !== stat.uid || gid !== stat.gid) chownSync(fresh, stat.uid, stat.gid);
}

/** @throws SystemError */
async function runThen([program = '', ...args]: readonly string[]): Promise<void> {
  const result = await runProgram(program, args, { origin: 'it, or correct mta.maps' });
  if (result.code === 0) return;
  throw new SystemError(
    `the map is new, but ${[program, ...args].join(' ')} ended with ${result.code}: ` +
      result.stderr.trim(),
  );
}

function mapText(
  loaded: LoadedConfig,
  lists: ReadonlyMap<string, List>,
  wish: MailMapWish,
): string {
  const { kind, own } = wish;
  const { mta, max_lines } = loaded.config;
  const format = findFormat(kind);
  if (format === undefined) throw new Error(`there is no format ${kind}`);
  const groups = addressGroups(loaded, lists, wish);
  const texts = mailTexts(loaded.config);
  // a map by tcprules holds IPv4 alone; its IPv6 part is not an error here, as docs/mail.md says
  const families = kind === 'tcprules' ? [4 as const] : FAMILIES;
  const parts = groups.flatMap(({ passage, addresses }) => {
    const options = {
      families,
      maxLines: max_lines,
      action: mailMapAction(kind, passage, { texts }),
    };
    const named = { name: passage, addresses };
    return [...format.render({ lists: [named], notices: [] }, options)].map(String);
  });
  const ownLines = own === undefined ? '' : endLine(readOwn(loaded.resolvePath(own)));
  const ours = [mailMapStart(kind, mta), ...parts].join('');
  return MAP_COMPILERS[kind].joinOwn(ours, ownLines) + mailMapEnd(kind, ownLines);
}

interface AddressGroup {
  readonly passage: Passage;
  readonly addresses: AddressSet;
}

/** Disjoint, so that it does not matter in which order a program looks. */
function addressGroups(
  loaded: LoadedConfig,
  lists: ReadonlyMap<string, List>,
  wish: MailMapWish,
): readonly AddressGroup[] {
  const { actions, approved } = mapLists(loaded, wish);
  const joined = (names: readonly string[]): AddressSet =>
    unionOf(
      names.map((name) => {
        const list = lists.get(name);
        if (list) return list.addresses;
        throw new UsageError(`the list ${name} could not be made`);
      }),
    );
  const withAction = (action: MailAction): AddressSet =>
    joined([...actions].filter(([, one]) => one === action).map(([name]) => name));
  const passing = joined(approved);
  const rejected = differenceOf(withAction('reject'), passing);
  const deferred = differenceOf(differenceOf(withAction('tempfail'), passing), rejected);
  return [
    { passage: 'approved', addresses: passing },
    { passage: 'reject', addresses: rejected },
    { passage: 'tempfail', addresses: deferred },
  ];
}

/** Lists that a map names, or else those of the zones. */
function mapLists({ config }: LoadedConfig, { lists, approved }: MailMapWish): MapLists {
  const zones = config.dnsbl?.zones.filter(({ kind }) => kind === 'list') ?? [];
  const refusing = zones.filter((zone) => !zone.approved);
  const actionOf = (name: string): MailAction => config.lists[name]?.action ?? 'reject';
  const actions = new Map<string, MailAction>();
  for (const name of lists ?? []) actions.set(name, actionOf(name));
  for (const zone of lists ? [] : refusing) {
    for (const [name, { action = actionOf(name) }] of Object.entries(zone.lists)) {
      // in two zones with two actions: the stricter
      if (actions.get(name) !== 'reject') actions.set(name, action);
    }
  }
  const passing = [
    ...zones.filter((zone) => zone.approved).flatMap((zone) => Object.keys(zone.lists)),
    ...refusing.flatMap((zone) => zone.allow),
  ];
  return { actions, approved: approved ?? [...new Set(passing)] };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw systemErrorOf(error, 'cannot read', path);
  }
}

function readOwn(path: string): string {
  const text = readIfThere(path);
  if (text !== undefined) return text;
  throw new SystemError(`${path}: found no such file; expected your own lines (mta.maps, own)`);
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
