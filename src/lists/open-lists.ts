import { existsSync, readFileSync } from 'node:fs';

import type { LoadedConfig } from '../config/load.js';
import type { ListDefinition } from '../config/schema.js';
import type { CountryTable } from '../sources/country-table.js';
import { KnownError, ParseError, SourceError } from '../util/errors.js';
import { reasonOf } from '../util/system-error.js';
import { admittingLists } from './admitting.js';
import { type Catalogue, type ListLines, buildCatalogue, faultText } from './catalogue.js';
import { findDefinitionFaults, neighboursOf } from './definitions.js';
import { feedPath } from './feed-path.js';
import { readFacts } from './feeds/facts.js';
import { parseManualList } from './manual.js';

type Definitions = Readonly<Record<string, ListDefinition>>;

/** All lists that can be made, and those that cannot. */
export interface OpenLists extends Catalogue {
  /** By name, why: there is nothing at hand to make the list from, or from one that it is made from. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** Those of `leftOut` that will not come by themselves: somebody has to mend a file. */
  readonly broken: ReadonlySet<string>;
  /** What the lists of files and feeds were made from, by name. */
  readonly lines: ReadonlyMap<string, ListLines>;
  /** When the next feed becomes so old that its list is empty; milliseconds since 1970. */
  readonly nextStaleMs?: number;
}

export interface OpenListsOptions {
  /** Entries that have run out by then do not count; milliseconds since 1970. */
  readonly nowMs: number;
  /** Whether the last good copies of feeds in the state folder may be read. */
  readonly readState: boolean;
  /**
   * Gives a list's lines of an earlier time where its file or copy cannot be used now, or has a bad
   * line and addresses pass by it; undefined where there are none: then `error` is thrown, or the
   * line left out.
   */
  readonly instead?: LinesInstead;
  /** Leaves out lists whose files cannot be used, and what is made from them, rather than throws. */
  readonly leavesOutBroken?: boolean;
  /** Why there are no countries: lists that are made of them are left out then. */
  readonly noCountries?: string;
}

/** @param error why the lines at `path` cannot be used */
export type LinesInstead = (name: string, path: string, error: Error) => ListLines | undefined;

/**
 * Reads the files of the configured lists and makes all lists.
 *
 * @throws UsageError for an unknown country or list; without `leavesOutBroken` SourceError for a
 *   file that cannot be read and for countries without data in `except`, ParseError where bad lines
 *   would make a list larger, or empty
 */
export function openLists(
  loaded: LoadedConfig,
  table: CountryTable,
  { nowMs, readState, instead, noCountries, leavesOutBroken = false }: OpenListsOptions,
): OpenLists {
  assertDefinitions(loaded);
  const all = loaded.config.lists;
  const admitting = instead ? admittingLists(loaded.config) : new Set<string>();
  const faults = new Map<string, string>();
  const usable = (name: string, path: string): ListLines | undefined => {
    try {
      return usableLines(name, path, instead, admitting.has(name));
    } catch (error) {
      if (!leavesOutBroken || !(error instanceof KnownError)) throw error;
      faults.set(name, error.message);
      return undefined;
    }
  };
  const lines = readListLines(loaded, usable);
  const absent = new Map<string, string>();
  const state = loaded.resolvePath(loaded.config.state);
  let nextStaleMs = Infinity;
  for (const [name, { url, countries }] of Object.entries(all)) {
    if (countries !== undefined && noCountries !== undefined) absent.set(name, noCountries);
    if (url === undefined) continue;
    const path = feedPath(state, name);
    const staleMs = emptyFrom(state, name, all[name]);
    if (!readState) absent.set(name, 'its feed is in the state, which --from does not read');
    else if (!existsSync(path)) absent.set(name, 'its feed has no copy yet');
    else if (staleMs <= nowMs) lines.set(name, { path, entries: [], faults: [] });
    else {
      const found = usable(name, path);
      if (found) lines.set(name, found);
      nextStaleMs = Math.min(nextStaleMs, staleMs);
    }
  }
  const broken = withDependents(all, faults);
  const lacking = withDependents(all, new Map([...absent, ...broken]));
  const definitions = Object.fromEntries(
    Object.entries(all).filter(([name]) => !lacking.has(name)),
  );
  const onFailure = (name: string, { message }: KnownError): void => {
    // the message names the list that cannot be made, whichever is made from it
    broken.set(name, message);
  };
  const { lists, notes } = buildCatalogue({
    definitions,
    table,
    lines,
    nowMs,
    ...(leavesOutBroken && { onFailure }),
  });
  return {
    lists,
    notes,
    leftOut: new Map([...lacking, ...broken]),
    broken: new Set(broken.keys()),
    lines,
    ...(nextStaleMs !== Infinity && { nextStaleMs }),
  };
}

/** From when on a list with `stale: empty` is empty; Infinity where it never is. */
function emptyFrom(state: string, name: string, definition: ListDefinition | undefined): number {
  const { stale, max_age: maxAgeMs } = definition ?? {};
  if (stale !== 'empty' || maxAgeMs === undefined) return Infinity;
  const checkedAtMs = Date.parse(readFacts(state, name)?.checkedAt ?? '');
  return Number.isNaN(checkedAtMs) ? Infinity : checkedAtMs + maxAgeMs + 1;
}

/** @throws UsageError for the first country, list or reference that does not exist */
export function assertDefinitions(loaded: LoadedConfig): void {
  const [fault] = findDefinitionFaults(loaded.config.lists);
  if (fault) throw loaded.errorAt(['lists', ...fault.path], fault.found, fault.expected);
}

/**
 * The lines of all lists that a person keeps in a file.
 *
 * @param read reads one; undefined where it was told why it cannot be used
 *
 * @throws SourceError for a file that cannot be read
 */
export function readListLines(
  loaded: LoadedConfig,
  read: (name: string, path: string) => ListLines | undefined = readLines,
): Map<string, ListLines> {
  const lines = new Map<string, ListLines>();
  for (const [name, { file }] of Object.entries(loaded.config.lists)) {
    if (file === undefined) continue;
    const found = read(name, loaded.resolvePath(file));
    if (found) lines.set(name, found);
  }
  return lines;
}

/**
 * @param isAdmitting whether addresses pass by this list: with a bad line it would let fewer in, so
 *   its earlier lines are better where there are some
 * @throws SourceError, ParseError where the lines cannot be used, and there are none instead
 */
function usableLines(
  name: string,
  path: string,
  instead: LinesInstead | undefined,
  isAdmitting: boolean,
): ListLines {
  try {
    const lines = readLines(name, path);
    assertNotEmptied(name, lines);
    const [fault] = lines.faults;
    if (!isAdmitting || fault === undefined) return lines;
    return instead?.(name, path, new ParseError(faultText({ ...fault, path }))) ?? lines;
  } catch (error) {
    const known = error instanceof KnownError ? instead?.(name, path, error) : undefined;
    if (known === undefined) throw error;
    return known;
  }
}

/** @throws ParseError where bad lines are all there is: the list would become empty */
function assertNotEmptied(name: string, { path, entries, faults }: ListLines): void {
  const [first] = faults;
  if (entries.length > 0 || first === undefined) return;
  throw new ParseError(
    `${faultText({ ...first, path })}. No line of list ${name} can be read, and it would become ` +
      'empty; mend the file, or empty it.',
  );
}

function readLines(name: string, path: string): ListLines {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SourceError(
      `list ${name} cannot be read: ${path}: ${reasonOf(error)}; expected a file, which may be empty`,
    );
  }
  return { path, ...parseManualList(text) };
}

/** The lists, and all that refer to one of them however indirectly. */
function withDependents(
  definitions: Definitions,
  reasons: ReadonlyMap<string, string>,
): Map<string, string> {
  const found = new Map(reasons);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [name, definition] of Object.entries(definitions)) {
      const other = neighboursOf(definition).find((neighbour) => found.has(neighbour));
      if (other !== undefined && !found.has(name)) found.set(name, `it is made from list ${other}`);
    }
  }
  return found;
}
