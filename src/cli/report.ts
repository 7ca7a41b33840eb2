import { type Command, InvalidArgumentError, Option } from 'commander';

import type { LoadedConfig } from '../config/load.js';
import { ReportFolder } from '../reports/folder.js';
import { type Origin, originsOf } from '../reports/origins.js';
import { type DeniedRow, type RowsByDay, dayBefore, rowsByDay } from '../reports/rows.js';
import { byAddress, byCountry, byDay, byList } from '../reports/summaries.js';
import { EXIT, type ExitCode, SourceError, UsageError } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions, openCountries } from './data-options.js';
import { loadFor, openFirewall } from './firewall/session.js';
import { note, warn, writeJson } from './output.js';
import { writeAddresses, writeCountries, writeDays, writeLists } from './report-tables.js';
import { withStateLock } from './state-lock.js';

const GROUPINGS = ['address', 'country', 'list', 'day'] as const;

interface ReportOptions extends DataOptions {
  readonly days: number;
  readonly by: (typeof GROUPINGS)[number];
  readonly json?: true;
  readonly collect?: true;
  readonly log?: string;
}

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command)
    .option('--days <n>', 'how many UTC days, today included', days, 7)
    .addOption(new Option('--by <what>', 'one line for each').choices(GROUPINGS).default('address'))
    .option('--json', 'print JSON')
    .option('--collect', 'print nothing: add what the kernel counted since the last time')
    .option(
      '--log <file>',
      'kernel log, - for standard input: report on it, or with --collect read it instead of ' +
        '/var/log/kern.log (backends ipset and iptables)',
    )
    .action(async (options: ReportOptions) =>
      run(async () => {
        const loaded = await loadFor(options);
        return options.collect ? collect(loaded, options) : report(loaded, options);
      }),
    );
};

function days(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number of days from 1 to 9999.');
}

/** What cron or a person runs; `update` collects too. */
async function collect(loaded: LoadedConfig, { log }: ReportOptions): Promise<ExitCode> {
  const { config, resolvePath } = loaded;
  const code = await withStateLock(loaded, 'sekisho report --collect', async () => {
    const { backend } = await openFirewall(loaded);
    if (log !== undefined && backend.name === 'nftables') {
      throw new UsageError(
        '--collect --log: the backend nftables remembers addresses without a log; leave --log out',
      );
    }
    const { collectNow } = await import('../reports/collect-now.js');
    const nowMs = Date.now();
    const folder = new ReportFolder(resolvePath(config.state));
    await collectNow(folder, backend, config, { nowMs, ...(log !== undefined && { log }) });
    return EXIT.done;
  });
  return code ?? EXIT.done;
}

async function report(loaded: LoadedConfig, options: ReportOptions): Promise<ExitCode> {
  const nowMs = Date.now();
  const all = options.log === undefined ? storedRows(loaded) : await logRows(loaded, options.log);
  const firstDay = dayBefore(nowMs, options.days - 1);
  const chosen = new Map([...all].filter(([day]) => day >= firstDay));
  const rows = [...chosen.values()].flat();
  tellObserving(loaded);
  if (options.by === 'day') {
    await (options.json ? writeJson : writeDays)(byDay(chosen));
    return EXIT.done;
  }
  if (options.by === 'list') {
    await (options.json ? writeJson : writeLists)(byList(rows));
    return EXIT.done;
  }
  const { origins, code } = await openOrigins(loaded, options, rows);
  if (options.by === 'country') {
    await (options.json ? writeJson : writeCountries)(byCountry(rows, origins));
  } else {
    await (options.json ? writeJson : writeAddresses)(byAddress(rows, origins));
  }
  return code;
}

function storedRows({ config, resolvePath }: LoadedConfig): RowsByDay {
  const folder = new ReportFolder(resolvePath(config.state));
  const names = folder.days();
  if (names.length === 0 && folder.readCollection() === undefined) {
    note(`nothing was collected yet in ${folder.path}; run \`sekisho report --collect\``);
  }
  return new Map(names.map((day) => [day, folder.readDay(day)]));
}

async function logRows({ config }: LoadedConfig, path: string): Promise<RowsByDay> {
  const { readSightings } = await import('../reports/read-log.js');
  const { namesOfLog } = await import('../reports/log-names.js');
  const { rowsOfLog } = await import('../reports/log-rows.js');
  const sightings = await readSightings(path, Date.now());
  return rowsByDay(rowsOfLog(sightings, namesOfLog(config.firewall?.rules ?? [])));
}

/** Whose the addresses are; without registry data a table of addresses lacks that, and says so. */
async function openOrigins(
  loaded: LoadedConfig,
  options: ReportOptions,
  rows: readonly DeniedRow[],
): Promise<{ origins: ReadonlyMap<string, Origin>; code: ExitCode }> {
  try {
    const keepStatistics = options.by === 'address';
    const data = await openCountries(options, loaded, { keepStatistics });
    const addresses = new Set(rows.flatMap(({ address }) => address ?? []));
    return { origins: originsOf(data, [...addresses]), code: EXIT.done };
  } catch (error) {
    if (!(error instanceof SourceError) || options.by === 'country') throw error;
    warn(`countries are left out: ${error.message}`);
    return { origins: new Map(), code: EXIT.partial };
  }
}

/** What an observing rule counts has passed. */
function tellObserving({ config: { firewall } }: LoadedConfig): void {
  if (firewall === undefined) return;
  const observing = firewall.rules.filter(({ mode }) => (mode ?? firewall.mode) === 'observe');
  if (observing.length === 0) return;
  const names = observing.map(({ name }) => name).join(', ');
  note(`observed only, what is told of them has passed: ${names}`);
}
