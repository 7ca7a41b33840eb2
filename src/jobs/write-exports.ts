import type { LoadedConfig } from '../config/load.js';
import { type ExportJob, documentsAt } from '../exports/documents.js';
import { listsOf } from '../exports/rules.js';
import { type PlannedExport, writePlanned } from '../exports/write.js';
import { findFormat } from '../formats/index.js';
import { FAMILIES } from '../ip/family.js';
import type { List } from '../lists/catalogue.js';
import { type CountryData, noticesOf } from '../sources/country-data.js';

/**
 * Writes the files that the configuration asks for; the rules have been checked
 * (`assertExportRules`). Lists that could not be made are passed over: what was written of
 * them before stays.
 *
 * @returns the paths written
 * @throws UsageError from a format, SystemError from the file system
 */
export function writeExports(
  { config, resolvePath }: LoadedConfig,
  lists: ReadonlyMap<string, List>,
  data: CountryData,
): string[] {
  const planned: PlannedExport[] = [];
  for (const rule of config.exports) {
    const format = findFormat(rule.format);
    if (format === undefined) throw new Error(`format ${rule.format} was not checked`);
    const chosen = listsOf(rule, Object.keys(config.lists)).flatMap(
      (name) => lists.get(name) ?? [],
    );
    if (chosen.length === 0) continue;
    const job: ExportJob = {
      format,
      lists: chosen,
      families: rule.family === undefined ? FAMILIES : [rule.family],
      maxLines: config.max_lines,
      notices: noticesOf(data),
      ...(rule.action !== undefined && { action: rule.action }),
      ...(data.timeMs !== undefined && { dataTimeSeconds: Math.floor(data.timeMs / 1000) }),
    };
    planned.push({ job, documents: documentsAt(resolvePath(rule.file), job) });
  }
  return writePlanned(planned);
}
