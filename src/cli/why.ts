import { type Command, InvalidArgumentError } from 'commander';

import type { LoadedConfig } from '../config/load.js';
import { type Address, formatAddress, parseAddress } from '../ip/address.js';
import { hasAddress } from '../ip/address-set.js';
import type { List } from '../lists/catalogue.js';
import { countryName } from '../lists/countries.js';
import {
  type CountryData,
  type Delegation,
  findCountryOf,
  findRecord,
} from '../sources/country-data.js';
import { EXIT, UsageError } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import {
  type DataOptions,
  addDataOptions,
  loadConfigIfNeeded,
  openCountries,
  openListsOf,
} from './data-options.js';
import { writeJson, writeOut } from './output.js';

interface WhyOptions extends DataOptions {
  readonly json?: true;
  readonly port?: number;
  readonly udp?: true;
  readonly forwarded?: true;
}

/** All that decides over an address; the shape of `--json`. */
interface Finding {
  readonly address: string;
  /** Country, or null where none holds the address. */
  readonly cc: string | null;
  /** The record that gave it to the country, or null (not delegated, or the data is no statistics file). */
  readonly delegation: Delegation | null;
  /** Names of the configured lists that hold the address. */
  readonly lists: readonly string[];
  /** With --port: the rule that decides, or null; `deny`, or `pass` (also where it observes). */
  readonly rule?: string | null;
  readonly verdict?: 'pass' | 'deny';
}

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command)
    .argument('<address...>', 'IPv4 or IPv6 addresses')
    .option('--json', 'print JSON')
    .option('--port <n>', 'what the firewall does with a new TCP connection to this port', port)
    .option('--udp', 'with --port: UDP instead of TCP')
    .option('--forwarded', 'with --port: to a host behind this one, which only routes it on')
    .action(async (texts: string[], options: WhyOptions) =>
      run(async () => {
        const addresses = texts.map(addressFrom);
        for (const name of ['udp', 'forwarded'] as const) {
          if (!options[name] || options.port !== undefined) continue;
          throw new UsageError(`--${name} needs --port`);
        }
        const loaded = await loadConfigIfNeeded(options);
        if (options.port !== undefined) requireFirewall(loaded);
        const data = await openCountries(options, loaded, { keepStatistics: true });
        const lists = loaded
          ? (await openListsOf(loaded, data, options)).lists
          : new Map<string, List>();
        const judge = await judgeOf(loaded, lists, options);
        const findings = addresses.map((address) =>
          judge(address, explain(address, data, [...lists.values()])),
        );
        if (options.json) await writeJson(findings.map(({ finding }) => finding));
        else await writeOut(findings.map(({ line }) => line + '\n'));
        return EXIT.done;
      }),
    );
};

function port(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= 65535) return number;
  throw new InvalidArgumentError('Expected a port from 1 to 65535.');
}

function requireFirewall(loaded: LoadedConfig | undefined): void {
  if (loaded?.config.firewall !== undefined) return;
  const where = loaded?.file ?? 'the configuration (there is none)';
  throw new UsageError(
    `--port asks what the firewall does, and ${where} has no firewall part; ` +
      'see `sekisho config example`',
  );
}

/** Adds what the firewall does with a new flow from the address; nothing without --port. */
async function judgeOf(
  loaded: LoadedConfig | undefined,
  lists: ReadonlyMap<string, List>,
  { port: wanted, udp, forwarded }: WhyOptions,
): Promise<(address: Address, explanation: Explanation) => Explanation> {
  if (loaded === undefined || wanted === undefined) return (_, explanation) => explanation;
  const { planOf } = await import('../firewall/open-plan.js');
  const { judgeFlow } = await import('../policy/verdict.js');
  const plan = planOf(loaded, lists);
  const protocol = udp ? 'udp' : 'tcp';
  return (address, { finding, line }) => {
    const flow = {
      address,
      direction: 'in',
      protocol,
      port: wanted,
      routed: forwarded ?? false,
    } as const;
    const { verdict, rule = null, reason } = judgeFlow(plan, flow);
    const action = plan.rules.find(({ name }) => name === rule)?.action ?? 'drop';
    const what = verdict === 'pass' ? 'pass' : action;
    return {
      finding: { ...finding, rule, verdict },
      line: `${line}  ${protocol} ${wanted}: ${what}: ${reason}`,
    };
  };
}

function addressFrom(text: string): Address {
  const address = parseAddress(text);
  if (!('expected' in address)) return address;
  throw new UsageError(`found ${JSON.stringify(text)}; expected ${address.expected}`);
}

interface Explanation {
  readonly finding: Finding;
  readonly line: string;
}

function explain(address: Address, data: CountryData, catalogue: readonly List[]): Explanation {
  const record = findRecord(data, address);
  const delegated = record?.status === 'allocated' || record?.status === 'assigned';
  // the record's own, so that the two agree where records of two countries overlap
  const cc = (delegated && record.cc) || (findCountryOf(data.table, address) ?? null);
  const lists = catalogue
    .filter((list) => hasAddress(list.addresses, address))
    .map((list) => list.name);
  const finding: Finding = {
    address: formatAddress(address),
    cc,
    delegation: delegated ? record : null,
    lists,
  };
  const parts = [
    finding.address,
    cc === null ? 'no country' : `${cc} ${countryName(cc)}`,
    record ? recordText(record) : originText(data, cc),
    lists.length > 0 ? `lists: ${lists.join(', ')}` : 'in no list',
  ];
  return { finding, line: parts.join('  ') };
}

function recordText(record: Delegation): string {
  const { registry, start, value, status, date } = record;
  const size = start.includes(':') ? `${start}/${value}` : `${start} + ${value} addresses`;
  const day = /^[1-9]\d{7}$/.test(date)
    ? ` ${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`
    : '';
  return `${registry}: ${size} ${status}${day}`;
}

function originText(data: CountryData, cc: string | null): string {
  if (data.statistics.length > 0) return 'in no record of the statistics files at hand';
  return cc === null ? 'in no network of the CSV files' : `by ${data.attribution.join('; ')}`;
}
