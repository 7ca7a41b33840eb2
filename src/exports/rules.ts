import type { LoadedConfig } from '../config/load.js';
import type { ExportRule } from '../config/schema.js';
import { FORMAT_NAMES, findFormat } from '../formats/index.js';
import { LIST_PLACE } from './documents.js';

/** @throws UsageError for the first export whose format or lists do not exist */
export function assertExportRules({ config, errorAt }: LoadedConfig): void {
  const names = Object.keys(config.lists);
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
    const several = listsOf(rule, names).length > 1;
    if (several && !format.holdsSeveralLists && !rule.file.includes(LIST_PLACE)) {
      const expected = `${LIST_PLACE} in the name, since ${format.name} holds one list a file`;
      throw errorAt(['exports', index, 'file'], JSON.stringify(rule.file), expected);
    }
  }
}

/** Names of the lists that an export writes. */
export function listsOf(rule: ExportRule, all: readonly string[]): readonly string[] {
  return rule.lists ?? all;
}
