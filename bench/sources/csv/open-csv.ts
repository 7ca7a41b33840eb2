import { existsSync, statSync } from 'node:fs';

import { runAlone, tookText } from '../../measure/processes.js';
import { DBIP_FOLDER, PROGRAM } from '../../paths.js';
import type { Benchmark } from '../../row.js';

const NAME = 'country CSV';

/** A whole country database of another kind, read with csv-parse; for information. */
export const benchmarkCsv: Benchmark = ({ folder, runs }) => {
  const paths = ['ipv4', 'ipv6'].map((family) => `${DBIP_FOLDER}dbip-country-${family}.csv`);
  if (!paths.every((path) => existsSync(path))) {
    const reason = `needs the package @ip-location-db/dbip-country: npm ci`;
    return Promise.resolve([{ name: NAME, reason }]);
  }
  const took = runAlone(Math.ceil(runs / 2), {
    program: process.execPath,
    args: [PROGRAM, 'countries', '--from', ...paths, '--json'],
    cwd: folder,
  });
  const megabytes = paths.reduce((total, path) => total + statSync(path).size, 0) / 1e6;
  const speed = megabytes / (took.wallMs / 1000);
  return Promise.resolve([
    {
      name: NAME,
      meaning:
        `\`countries --json\` of the DB-IP Lite country CSV (${megabytes.toFixed(0)} MB, both ` +
        'families), the whole process. csv-parse reads the rows, the `netmask` package is not on ' +
        'this path.',
      ours: { name: 'sekisho', value: `${tookText(took)} (${speed.toFixed(0)} MB/s)` },
      goal: '',
    },
  ]);
};
