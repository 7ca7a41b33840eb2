import type { LoadedConfig } from '../config/load.js';
import type { ExportRule } from '../config/schema.js';
import { DEFAULT_MAX_LINES, FORMAT_NAMES, type Format, findFormat } from '../formats/index.js';
import { EMPTY_ADDRESS_SET } from '../ip/address-set.js';
import { FAMILIES } from '../ip/family.js';
import { UsageError } from '../util/errors.js';
import { LIST_PLACE, contentOf } from './documents.js';

/**
 * Checks what can be known before there is any data.
 *
 * @throws UsageError for the first export whose format or lists do not exist, whose options do
 *   not fit its format, or whose file would overwrite a list or another export's file
 */
export function assertExportRules(loaded: LoadedConfig): void {
  const { config, errorAt } = loaded;
  const names = Object.keys(config.lists);
  const taken = filesOfLists(loaded);
  for (const [index, rule] of config.exports.entries()) {
    const format = findFormat(rule.format);
    if (format === undefined) {
      const found = JSON.stringify(rule.format);
      throw errorAt(['exports', index, 'format'], found, `one of ${FORMAT_NAMES.join(', ')}`);
    }
    for (const [at, name] of (rule.lists ?? []).entries()) {
      if (!names.includes(name)) {
        const expected = `one of the lists ${names.join(', ')}`;
        throw errorAt(['exports', index, 'lists', at], JSON.stringify(name), expected);
      }
    }
    const chosen = listsOf(rule, names);
    if (chosen.length > 1 && !format.holdsSeveralLists && !rule.file.includes(LIST_PLACE)) {
      const expected = `${LIST_PLACE} in the name, since ${format.name} holds one list a file`;
      throw errorAt(['exports', index, 'file'], JSON.stringify(rule.file), expected);
    }
    assertOptions(loaded, index, rule, format);
    for (const name of chosen) {
      const path = loaded.resolvePath(rule.file.replaceAll(LIST_PLACE, name));
      const owner = taken.get(path);
      if (owner !== undefined && owner !== `exports.${index}`) {
        const expected = `a file of its own: ${owner} has ${path}`;
        throw errorAt(['exports', index, 'file'], JSON.stringify(rule.file), expected);
      }
      taken.set(path, `exports.${index}`);
    }
  }
}

/** Names of the lists that an export writes. */
export function listsOf(rule: ExportRule, all: readonly string[]): readonly string[] {
  return rule.lists ?? all;
}

/** The files that a person edits, which no export may overwrite, by absolute path. */
function filesOfLists({ config, resolvePath }: LoadedConfig): Map<string, string> {
  return new Map(
    Object.entries(config.lists).flatMap(([name, { file }]) =>
      file === undefined ? [] : [[resolvePath(file), `lists.${name}`] as const],
    ),
  );
}

/** Whether the format takes action and family: it is asked to write an empty list with them. */
function assertOptions(
  { placeOf }: LoadedConfig,
  index: number,
  { action, family }: ExportRule,
  format: Format,
): void {
  const list = { name: 'list', addresses: EMPTY_ADDRESS_SET, countries: [] };
  const families = family === undefined ? FAMILIES : [family];
  const job = {
    ...{ format, lists: [list], families, maxLines: DEFAULT_MAX_LINES, notices: [] },
    ...(action !== undefined && { action }),
  };
  try {
    contentOf(job, job);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${placeOf(['exports', index])}: ${error.message}`);
  }
}
