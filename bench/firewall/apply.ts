import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';

import { type Input, newestRealFiles } from '../inputs/statistics-files.js';
import { Namespaces, namespaceObstacle } from '../measure/namespace.js';
import { type Command, runInTurn, tookText } from '../measure/processes.js';
import { PROGRAM } from '../paths.js';
import { type FoundProgram, findProgram } from '../programs.js';
import type { Benchmark, Outcome, Row } from '../row.js';
import { writeCountrySets } from './country-sets.js';
import { programsFirst } from './programs-first.js';
import { freshHost, storeFiles } from './state-folder.js';

/** The eight that hold most ranges. */
const COUNTRIES = 8;
const NAME = 'apply';
const GOALS = { prefixes: 0.5, ranges: 1 };

/** `sekisho apply` into an empty kernel, against nft with the same sets. */
export const benchmarkApply: Benchmark = async ({ folder, runs }) => {
  const skipped = (reason: string): Outcome[] => [{ name: NAME, reason }];
  const nft = findProgram('nft');
  if (!nft) return skipped('needs nft to measure against; scripts/test-programs gets it');
  const obstacle = namespaceObstacle();
  if (obstacle !== undefined) return skipped(obstacle);
  const input = newestRealFiles();
  if (!input) return skipped('needs the registry files in ../shared/data');
  return measure(nft, input, folder, runs);
};

async function measure(
  nft: FoundProgram,
  input: Input,
  folder: string,
  runs: number,
): Promise<Row[]> {
  const own = join(folder, 'apply');
  const sets = writeCountrySets(own, input.paths, COUNTRIES);
  await storeFiles(own, sets.configuration, input.paths);
  const namespaces = new Namespaces();
  try {
    const env = programsFirst(own, { nft });
    const compare = (
      file: string,
      from: readonly string[],
    ): { ours: string; other: string; ratio: number; cpuRatio: number } => {
      const last = { ours: '', other: '' };
      const { a, b } = runInTurn(
        runs,
        (round) => {
          last.ours = namespaces.make();
          const label = `${basename(file)}-${from.length}-${round}`;
          const host = freshHost(own, label, sets.configuration);
          return namespaces.inside(last.ours, applyOf(host, from, env));
        },
        () => {
          last.other = namespaces.make();
          return namespaces.inside(last.other, { program: nft.path, args: ['-f', file], env });
        },
      );
      assertElements(namespaces.inside(last.ours, listing(nft, env)), sets.ranges);
      const ratios = { ratio: a.wallMs / b.wallMs, cpuRatio: a.cpuMs / b.cpuMs };
      return { ours: tookText(a), other: tookText(b), ...ratios };
    };
    const row = (
      kind: 'prefixes' | 'ranges',
      meaning: string,
      from: readonly string[] = [],
    ): Row => {
      const file = kind === 'prefixes' ? sets.prefixFile : sets.rangeFile;
      const { ours, other, ...ratios } = compare(file, from);
      const hasGoal = from.length === 0;
      const goal = GOALS[kind];
      return {
        name: `${NAME}${hasGoal ? '' : ' --from'}, against ${kind}`,
        meaning,
        ours: { name: `sekisho, ${sets.ranges} elements`, value: ours },
        other: { name: `nft -f, ${sets[kind]} ${kind}`, value: other },
        ...ratios,
        ...(hasGoal ? { goal: `≤ ${goal}`, met: ratios.ratio <= goal } : { goal: '' }),
      };
    };
    return [
      row(
        'prefixes',
        `\`sekisho apply\` of the ${COUNTRIES} countries with the most ranges of ` +
          `${input.origin} (IPv4 and IPv6, a list each, nftables), the whole process with ` +
          'state and boot files, into an empty network namespace. The registry files are in the ' +
          'state as `fetch` leaves them, with the countries that it keeps of them. ' +
          'Against it `nft -f` of the same sets as prefixes, what other tools load, read from a ' +
          'ready file and without rules. The benchmark fails where the kernel does not hold one ' +
          'element for each range.',
      ),
      row('ranges', 'The same, where the file of `nft -f` holds ranges.'),
      row('ranges', 'The same with `--from`: all files are scanned and judged.', input.paths),
    ];
  } finally {
    namespaces.removeAll();
  }
}

function applyOf(
  host: string,
  paths: readonly string[],
  env: Readonly<Record<string, string>>,
): Command {
  const config = join(host, 'sekisho.yaml');
  const from = paths.length > 0 ? ['--from', ...paths] : [];
  const args = [PROGRAM, 'apply', '--config', config, ...from];
  return { program: process.execPath, args, cwd: host, env };
}

function listing(nft: FoundProgram, env: Readonly<Record<string, string>>): Command {
  return { program: nft.path, args: ['-j', 'list', 'table', 'inet', 'sekisho'], env };
}

interface ListedSet {
  readonly set?: { readonly elem?: readonly unknown[] };
}

/** @throws Error where what our sets hold in the kernel is not one element for each range */
function assertElements({ program, args, env }: Command, ranges: number): void {
  const text = execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, ...env },
  });
  const { nftables } = JSON.parse(text) as { nftables: ListedSet[] };
  const held = nftables.reduce((total, { set }) => total + (set?.elem?.length ?? 0), 0);
  if (held !== ranges) throw new Error(`the kernel holds ${held} elements for ${ranges} ranges`);
}
