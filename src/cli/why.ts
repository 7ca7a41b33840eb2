import type { Command } from 'commander';

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
}

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command)
    .argument('<address...>', 'IPv4 or IPv6 addresses')
    .option('--json', 'print JSON')
    .action(async (texts: string[], options: WhyOptions) =>
      run(async () => {
        const addresses = texts.map(addressFrom);
        const loaded = await loadConfigIfNeeded(options);
        const data = await openCountries(options, loaded, { keepStatistics: true });
        const lists = loaded ? [...(await openListsOf(loaded, data, options)).lists.values()] : [];
        const findings = addresses.map((address) => explain(address, data, lists));
        if (options.json) await writeJson(findings.map(({ finding }) => finding));
        else await writeOut(findings.map(({ line }) => line + '\n'));
        return EXIT.done;
      }),
    );
};

function addressFrom(text: string): Address {
  const address = parseAddress(text);
  if (!('expected' in address)) return address;
  throw new UsageError(`found ${JSON.stringify(text)}; expected ${address.expected}`);
}

function explain(
  address: Address,
  data: CountryData,
  catalogue: readonly List[],
): { finding: Finding; line: string } {
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
