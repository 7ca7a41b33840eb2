import { existsSync, readFileSync } from 'node:fs';

import type { LoadedConfig } from '../config/load.js';
import type { ListDefinition } from '../config/schema.js';
import type { CountryTable } from '../sources/country-table.js';
import { SourceError, messageOf } from '../util/errors.js';
import { type Catalogue, type ListText, buildCatalogue } from './catalogue.js';
import { findDefinitionFaults, neighboursOf } from './definitions.js';
import { feedPath } from './feeds.js';

type Definitions = Readonly<Record<string, ListDefinition>>;

/** All lists that can be made, and the names of those that cannot. */
export interface OpenLists extends Catalogue {
  /** Lists whose feed has no copy at hand, and lists that are made from such lists. */
  readonly leftOut: readonly string[];
}

export interface OpenListsOptions {
  /** Entries that have run out by then do not count; milliseconds since 1970. */
  readonly nowMs: number;
  /** Whether the last good copies of feeds in the state folder may be read. */
  readonly readState: boolean;
}

/**
 * Reads the files of the configured lists and makes all lists.
 *
 * @throws UsageError for an unknown country or list, SourceError for a file that cannot be
 *   read, ParseError where a bad line would make a list larger
 */
export function openLists(
  loaded: LoadedConfig,
  table: CountryTable,
  { nowMs, readState }: OpenListsOptions,
): OpenLists {
  assertDefinitions(loaded);
  const all = loaded.config.lists;
  const texts = readListTexts(loaded);
  const absent: string[] = [];
  for (const [name, { url }] of Object.entries(all)) {
    if (url === undefined) continue;
    const path = feedPath(loaded.resolvePath(loaded.config.state), name);
    if (readState && existsSync(path)) texts.set(name, readText(name, path));
    else absent.push(name);
  }
  const leftOut = withDependents(all, absent);
  const definitions = Object.fromEntries(
    Object.entries(all).filter(([name]) => !leftOut.includes(name)),
  );
  const { lists, notes } = buildCatalogue({ definitions, table, texts, nowMs });
  return { lists, notes, leftOut };
}

/** @throws UsageError for the first country, list or reference that does not exist */
export function assertDefinitions(loaded: LoadedConfig): void {
  const [fault] = findDefinitionFaults(loaded.config.lists);
  if (fault) throw loaded.errorAt(['lists', ...fault.path], fault.found, fault.expected);
}

/**
 * The texts of all lists that a person keeps in a file.
 *
 * @throws SourceError for a file that cannot be read
 */
export function readListTexts(loaded: LoadedConfig): Map<string, ListText> {
  const texts = new Map<string, ListText>();
  for (const [name, { file }] of Object.entries(loaded.config.lists)) {
    if (file !== undefined) texts.set(name, readText(name, loaded.resolvePath(file)));
  }
  return texts;
}

function readText(name: string, path: string): ListText {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new SourceError(`list ${name} cannot be read: ${messageOf(error)}`);
  }
}

/** The names, and those of all lists that refer to one of them however indirectly. */
function withDependents(definitions: Definitions, names: readonly string[]): string[] {
  const found = new Set(names);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [name, definition] of Object.entries(definitions)) {
      if (neighboursOf(definition).some((other) => found.has(other))) found.add(name);
    }
  }
  return [...found];
}
