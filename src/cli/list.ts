import { isInForce, parseManualList } from '../lists/manual.js';
import { EXIT } from '../util/errors.js';
import { UNIT_MS } from '../util/time-units.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addConfigOption } from './data-options.js';
import { writeJson, writeTable } from './output.js';

interface ListOptions extends DataOptions {
  readonly json?: true;
}

export const define: CommandModule['define'] = (command, run) => {
  addConfigOption(command)
    .argument('<name>', 'a list that is kept in a file by hand')
    .option('--json', 'as JSON')
    .action((name: string, options: ListOptions) =>
      run(async () => {
        const { loadConfig } = await import('../config/load.js');
        const { manualListFile, readListText } = await import('../jobs/edit-list.js');
        const loaded = loadConfig(options.config);
        const { entries } = parseManualList(readListText(manualListFile(loaded, name)));
        const nowMs = Date.now();
        const time = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 19) + 'Z';
        const rows = entries.map(({ text, reason, author, sinceMs, untilMs, ...entry }) => ({
          address: text,
          left: leftText(untilMs, nowMs),
          inForce: isInForce({ text, ...entry, ...(untilMs !== undefined && { untilMs }) }, nowMs),
          until: untilMs === undefined ? '' : time(untilMs),
          since: sinceMs === undefined ? '' : time(sinceMs),
          by: author ?? '',
          reason: reason ?? '',
        }));
        if (options.json) await writeJson(rows);
        else {
          await writeTable(
            ['address', 'left', 'since', 'by', 'reason'],
            rows.map(({ address, left, since, by, reason }) => [address, left, since, by, reason]),
          );
        }
        return EXIT.done;
      }),
    );
};

const UNITS = ['d', 'h', 'm', 's'] as const;

/** In the largest unit of which there are two at least; empty where the entry has no end. */
function leftText(untilMs: number | undefined, nowMs: number): string {
  if (untilMs === undefined) return '';
  const left = untilMs - nowMs;
  if (left <= 0) return 'over';
  const unit = UNITS.find((one) => left >= 2 * UNIT_MS[one]) ?? 's';
  return `${Math.floor(left / UNIT_MS[unit])}${unit}`;
}
