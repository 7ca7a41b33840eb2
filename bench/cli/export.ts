import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { filesOf2013 } from '../inputs/statistics-files.js';
import { type Command, runInTurn, tookText } from '../measure/processes.js';
import { PROGRAM, ROOT } from '../paths.js';
import { findProgram } from '../programs.js';
import type { Benchmark, Outcome } from '../row.js';

const NAME = 'export --all';
const GOAL = 0.5;

/** Every country's list from four registries' files, against the shell's way to make them. */
export const benchmarkExport: Benchmark = ({ folder, runs }) => {
  const awk = findProgram('mawk');
  const iprange = findProgram('iprange');
  if (!awk || !iprange) {
    const lacking = awk ? 'iprange' : 'mawk';
    const reason = `needs ${lacking} to measure against; scripts/test-programs gets it`;
    return Promise.resolve([{ name: NAME, reason }]);
  }
  const { paths, origin } = filesOf2013(folder);
  const inFolder = (side: string, round: number): string => freshFolder(folder, side, round);

  const exportAll = (out: string): Command => ({
    program: process.execPath,
    args: [PROGRAM, 'export', '--from', ...paths, '--all', '--format', 'cidr', '--out', out],
    cwd: folder,
  });
  const pipeline = (script: string, out: string): Command => ({
    program: `${ROOT}bench/cli/${script}`,
    args: [out, awk.path, iprange.path, ...paths],
    env: iprange.env,
  });
  const compare = (
    script: string,
    rounds: number,
  ): { ratio: number; cpuRatio: number; ours: string; other: string } => {
    const { a, b } = runInTurn(
      rounds,
      (round) => exportAll(inFolder(`ours-${script}`, round)),
      (round) => pipeline(script, inFolder(script, round)),
    );
    assertSameCountries(inFolder(`ours-${script}`, 0), inFolder(script, 0));
    const ratios = { ratio: a.wallMs / b.wallMs, cpuRatio: a.cpuMs / b.cpuMs };
    return { ...ratios, ours: tookText(a), other: tookText(b) };
  };

  const onePass = compare('pipeline.sh', runs);
  const passEach = compare('pipeline-each.sh', 1);
  const rows: Outcome[] = [
    {
      name: NAME,
      meaning:
        `\`export --all --format cidr\` of ${origin}, the whole process: every country's file, ` +
        'IPv4 and IPv6. Against it `bench/cli/pipeline.sh`: one pass of mawk that writes the ' +
        'IPv4 ranges of each country, then iprange for each country; IPv4 only. The benchmark ' +
        'fails where the IPv4 prefixes of any country differ between the two.',
      ours: { name: 'sekisho', value: onePass.ours },
      other: { name: 'mawk once, iprange per country', value: onePass.other },
      ratio: onePass.ratio,
      cpuRatio: onePass.cpuRatio,
      goal: `≤ ${GOAL}`,
      met: onePass.ratio <= GOAL,
    },
    {
      name: `${NAME}, awk per country`,
      meaning:
        'The same against `bench/cli/pipeline-each.sh`, the way of most published scripts: mawk ' +
        'and iprange once for each country. One counted run, for information.',
      ours: { name: 'sekisho', value: passEach.ours },
      other: { name: 'mawk and iprange per country', value: passEach.other },
      ratio: passEach.ratio,
      cpuRatio: passEach.cpuRatio,
      goal: '',
    },
  ];
  return Promise.resolve(rows);
};

/**
 * A new folder for each run, removed only at the end: ext4 looks past inodes that were freed in
 * the last seconds, so whoever creates files behind a removal pays for it.
 */
function freshFolder(folder: string, side: string, round: number): string {
  const path = join(folder, `${side}-${round}`);
  mkdirSync(path, { recursive: true });
  return path;
}

/** @throws Error for the first country whose IPv4 prefixes differ: a benchmark of wrong results is worthless */
function assertSameCountries(ours: string, theirs: string): void {
  const countries = readdirSync(theirs)
    .filter((name) => name.endsWith('.cidr'))
    .map((name) => name.slice(0, 2));
  if (countries.length < 50) throw new Error(`${theirs}: found ${countries.length} countries`);
  for (const cc of countries) {
    const mine = readFileSync(join(ours, `${cc.toLowerCase()}-ipv4.cidr`), 'utf8');
    const other = readFileSync(join(theirs, `${cc}.cidr`), 'utf8');
    // iprange writes a single address without its length
    if (mine !== other.replace(/^[\d.]+$/gm, '$&/32')) {
      throw new Error(`${cc}: the two sides give different prefixes, see ${ours} and ${theirs}`);
    }
  }
}
