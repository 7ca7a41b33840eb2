import { type Command, InvalidArgumentError, Option } from 'commander';

import type { LoadedConfig } from '../config/load.js';
import { type MilterTally, addTallies, isEmptyTally } from '../mta/milter/tally.js';
import { ReportFolder } from '../reports/folder.js';
import { milterSummary } from '../reports/milter-summaries.js';
import { type Origin, originsOf } from '../reports/origins.js';
import { type DeniedRow, type RowsByDay, dayBefore, rowsByDay } from '../reports/rows.js';
import { byAddress, byCountry, byDay, byList } from '../reports/summaries.js';
import { EXIT, type ExitCode, SourceError, UsageError } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions, openCountries } from './data-options.js';
import { loadFor, openFirewall } from './firewall/session.js';
import { note, warn, writeJson, writeOut } from './output.js';
import {
  writeAddresses,
  writeChecks,
  writeCountries,
  writeDays,
  writeLists,
  writeMilterDays,
} from './report-tables.js';
import { withStateLock } from './state-lock.js';

const GROUPINGS = ['address', 'country', 'list', 'day', 'check'] as const;

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
    .option('--collect', 'print nothing: add what kernel and milter counted since the last time')
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
    // with a milter and nothing else there is no kernel to read
    const isMilterOnly = config.firewall === undefined && config.milter !== undefined;
    const backend = isMilterOnly ? undefined : (await openFirewall(loaded)).backend;
    if (log !== undefined && backend === undefined) {
      throw new UsageError('--collect --log: there is no firewall that logs; leave --log out');
    }
    if (log !== undefined && backend?.name === 'nftables') {
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
  const { denied, mail: allMail } =
    options.log === undefined ? storedDays(loaded) : await logDays(loaded, options.log);
  const firstDay = dayBefore(nowMs, options.days - 1);
  const chosen = since(denied, firstDay);
  const mail = since(allMail, firstDay);
  const rows = [...chosen.values()].flat();
  tellObserving(loaded);
  if (options.by === 'check') {
    const summary = milterSummary(addTallies(...mail.values()));
    await (options.json ? writeJson : writeChecks)(summary);
    return EXIT.done;
  }
  if (options.by === 'day') {
    await reportDays(chosen, mail, options);
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
    if (!options.json && mail.size > 0) {
      await writeOut(['\n']);
      await writeChecks(milterSummary(addTallies(...mail.values())));
    }
  }
  return code;
}

/** Where a milter counted, each day of it has that, too. */
async function reportDays(
  rows: RowsByDay,
  mail: TalliesByDay,
  { json }: ReportOptions,
): Promise<void> {
  const summaries = new Map([...mail].map(([day, tally]) => [day, milterSummary(tally)]));
  const days = byDay(new Map([...[...mail.keys()].map((day) => [day, []] as const), ...rows]));
  if (json) {
    await writeJson(
      days.map((day) => {
        const milter = summaries.get(day.day);
        return { ...day, ...(milter && { milter }) };
      }),
    );
    return;
  }
  await writeDays(days);
  if (summaries.size === 0) return;
  await writeOut(['\n']);
  await writeMilterDays(summaries);
}

/** What is kept of the days: what was denied, and what the milter counted. */
interface StoredDays {
  readonly denied: RowsByDay;
  /** Days on which it counted nothing are left out. */
  readonly mail: TalliesByDay;
}

type TalliesByDay = ReadonlyMap<string, MilterTally>;

function storedDays({ config, resolvePath }: LoadedConfig): StoredDays {
  const folder = new ReportFolder(resolvePath(config.state));
  const names = folder.days();
  if (names.length === 0 && folder.readCollection() === undefined) {
    note(`nothing was collected yet in ${folder.path}; run \`sekisho report --collect\``);
  }
  const days = names.map((day) => ({ day, ...folder.readWholeDay(day) }));
  const mail = days.filter(({ milter }) => !isEmptyTally(milter));
  return {
    denied: new Map(days.map(({ day, rows }) => [day, rows])),
    mail: new Map(mail.map(({ day, milter }) => [day, milter])),
  };
}

function since<T>(days: ReadonlyMap<string, T>, firstDay: string): Map<string, T> {
  return new Map([...days].filter(([day]) => day >= firstDay));
}

async function logDays({ config }: LoadedConfig, path: string): Promise<StoredDays> {
  const { readSightings } = await import('../reports/read-log.js');
  const { namesOfLog } = await import('../reports/log-names.js');
  const { rowsOfLog } = await import('../reports/log-rows.js');
  const sightings = await readSightings(path, Date.now());
  const rows = rowsOfLog(sightings, namesOfLog(config.firewall?.rules ?? []));
  return { denied: rowsByDay(rows), mail: new Map() };
}

/** Whose the addresses are; without registry data a table of addresses lacks that, and says so. */
async function openOrigins(
  loaded: LoadedConfig,
  options: ReportOptions,
  rows: readonly DeniedRow[],
): Promise<{ origins: ReadonlyMap<string, Origin>; code: ExitCode }> {
  if (rows.length === 0 && options.by === 'address') return { origins: new Map(), code: EXIT.done };
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
