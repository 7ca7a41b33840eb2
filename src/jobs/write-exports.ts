import type { LoadedConfig } from '../config/load.js';
import type { ExportRule } from '../config/schema.js';
import { type ExportJob, LIST_PLACE, documentsAt } from '../exports/documents.js';
import { listsOf } from '../exports/rules.js';
import { type PlannedExport, writePlanned } from '../exports/write.js';
import { findFormat } from '../formats/index.js';
import { FAMILIES } from '../ip/family.js';
import type { List } from '../lists/catalogue.js';
import { type CountryData, noticesOf } from '../sources/country-data.js';
import { UsageError } from '../util/errors.js';

/** What became of the configured exports. */
export interface ExportOutcome {
  /** The files written. */
  readonly paths: readonly string[];
  /** A line for each export that was not written; what was written of it before stays. */
  readonly faults: readonly string[];
}

/**
 * Writes the files that the configuration asks for; the rules have been checked
 * (`assertExportRules`). An export that cannot be written (its format cannot say its lists, or
 * one of several lists for one file could not be made) does not stop the others.
 *
 * @throws SystemError from the file system
 */
export function writeExports(
  loaded: LoadedConfig,
  lists: ReadonlyMap<string, List>,
  data: CountryData,
): ExportOutcome {
  const paths: string[] = [];
  const faults: string[] = [];
  for (const rule of loaded.config.exports) {
    const names = listsOf(rule, Object.keys(loaded.config.lists));
    const chosen = names.flatMap((name) => lists.get(name) ?? []);
    if (chosen.length < names.length && !rule.file.includes(LIST_PLACE)) {
      faults.push(
        `${rule.file} is not written anew: a list that belongs into it could not be made`,
      );
      continue;
    }
    try {
      paths.push(...writePlanned([planExport(loaded, rule, chosen, data)]));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      faults.push(`${rule.file} is not written anew: ${error.message}`);
    }
  }
  return { paths, faults };
}

function planExport(
  { config, resolvePath }: LoadedConfig,
  rule: ExportRule,
  lists: readonly List[],
  data: CountryData,
): PlannedExport {
  const format = findFormat(rule.format);
  if (format === undefined) throw new Error(`format ${rule.format} was not checked`);
  const job: ExportJob = {
    format,
    lists,
    families: rule.family === undefined ? FAMILIES : [rule.family],
    maxLines: config.max_lines,
    notices: noticesOf(data),
    ...(rule.action !== undefined && { action: rule.action }),
    ...(data.timeMs !== undefined && { dataTimeSeconds: Math.floor(data.timeMs / 1000) }),
  };
  return { job, documents: lists.length === 0 ? [] : documentsAt(resolvePath(rule.file), job) };
}
