import { readFileSync } from 'node:fs';

import { type LoadedConfig } from '../config/load.js';
import { type CountryTable } from '../sources/country-table.js';
import { SourceError, messageOf } from '../util/errors.js';
import {
  type Catalogue,
  type ListText,
  buildCatalogue,
  findDefinitionFaults,
} from './catalogue.js';

/**
 * Reads the files of the configured lists and makes all lists.
 *
 * @param nowMs entries that have run out by then do not count; milliseconds since 1970
 * @throws UsageError for an unknown country or list, SourceError for a file that cannot be read
 */
export function openLists(loaded: LoadedConfig, table: CountryTable, nowMs: number): Catalogue {
  assertDefinitions(loaded);
  const definitions = loaded.config.lists;
  return buildCatalogue({ definitions, table, texts: readListTexts(loaded), nowMs });
}

/**
 * The texts of all lists that are kept in a file.
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

/** @throws UsageError for the first country, list or reference that does not exist */
export function assertDefinitions(loaded: LoadedConfig): void {
  const [fault] = findDefinitionFaults(loaded.config.lists);
  if (fault) throw loaded.errorAt(['lists', ...fault.path], fault.found, fault.expected);
}

function readText(name: string, path: string): ListText {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new SourceError(`list ${name} cannot be read: ${messageOf(error)}`);
  }
}
