import type { Command } from 'commander';

import { countryName } from '../lists/countries.js';
import type { Holdings } from '../sources/country-table.js';
import { EXIT } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import {
  type DataOptions,
  addDataOptions,
  loadConfigIfNeeded,
  openCountries,
} from './data-options.js';
import { writeJson, writeTable } from './output.js';

interface CountriesOptions extends DataOptions {
  readonly json?: true;
}

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command)
    .option('--json', 'print JSON')
    .action(async (options: CountriesOptions) =>
      run(async () => {
        const data = await openCountries(options, await loadConfigIfNeeded(options));
        const rows = [...data.table.values()].map(summaryOf);
        if (options.json) await writeJson(rows);
        else {
          const head = Object.keys(rows[0] ?? {});
          await writeTable(
            head,
            rows.map((row) => Object.values(row)),
          );
        }
        return EXIT.done;
      }),
    );
};

/** The figures of one country, as `--json` prints them. */
function summaryOf({ cc, addresses, records4, records6 }: Holdings) {
  const { v4, v6 } = addresses;
  return {
    cc,
    name: countryName(cc),
    records4,
    ranges4: v4.length,
    prefixes4: v4.countPrefixes(),
    addresses4: v4.countAddresses(),
    records6,
    ranges6: v6.length,
    prefixes6: v6.countPrefixes(),
  };
}
