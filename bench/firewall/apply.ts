import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { type Input, realFilesOf2013 } from '../inputs/statistics-files.js';
import { Namespaces, namespaceObstacle } from '../measure/namespace.js';
import { type Command, runInTurn, tookText } from '../measure/processes.js';
import { PROGRAM } from '../paths.js';
import { type FoundProgram, findProgram } from '../programs.js';
import type { Benchmark, Outcome, Row } from '../row.js';
import { type CountrySets, writeCountrySets } from './country-sets.js';

/** The eight that hold most, and as many as make about 64 thousand ranges. */
const COUNTS = [8, 34];
const GOALS = { prefixes: 0.5, ranges: 1 };

/** `sekisho apply` into an empty kernel, against nft with the same sets. */
export const benchmarkApply: Benchmark = ({ folder, runs }) => {
  const skipped = (reason: string): Promise<Outcome[]> =>
    Promise.resolve(COUNTS.map((count) => ({ name: nameOf(count), reason })));
  const nft = findProgram('nft');
  if (!nft) return skipped('needs nft to measure against; scripts/test-programs gets it');
  const obstacle = namespaceObstacle();
  if (obstacle !== undefined) return skipped(obstacle);
  const input = realFilesOf2013();
  if (!input) return skipped('needs the registry files of 2013-08 in ../shared/data');
  return Promise.resolve(COUNTS.flatMap((count) => measure(nft, input, { folder, runs, count })));
};

const nameOf = (count: number): string => `apply, ${count} countries`;

interface Setup {
  readonly folder: string;
  readonly runs: number;
  readonly count: number;
}

function measure(nft: FoundProgram, input: Input, { folder, runs, count }: Setup): Row[] {
  const own = join(folder, `apply-${count}`);
  const sets = writeCountrySets(own, input.paths, count);
  const namespaces = new Namespaces();
  try {
    const env = environmentFor(own, nft);
    const compare = (
      file: string,
    ): { ours: string; other: string; ratio: number; cpuRatio: number } => {
      const last = { ours: '', other: '' };
      const { a, b } = runInTurn(
        runs,
        (round) => {
          last.ours = namespaces.make();
          const host = freshHost(own, `${file}-${round}`, sets);
          return namespaces.inside(last.ours, applyOf(host, input.paths, env));
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
    const row = (kind: 'prefixes' | 'ranges', meaning: string): Row => {
      const file = kind === 'prefixes' ? sets.prefixFile : sets.rangeFile;
      const { ours, other, ...ratios } = compare(file);
      const goal = GOALS[kind];
      return {
        name: `${nameOf(count)}, against ${kind}`,
        meaning,
        ours: { name: `sekisho, ${sets.ranges} elements`, value: ours },
        other: { name: `nft -f, ${sets[kind]} ${kind}`, value: other },
        ...ratios,
        goal: `≤ ${goal}`,
        met: ratios.ratio <= goal,
      };
    };
    return [
      row(
        'prefixes',
        `\`sekisho apply --from\` of the ${count} countries with the most ranges of ` +
          `${input.origin} (IPv4 and IPv6, a list each, nftables), the whole process with the ` +
          'parsing of all files, the state and boot files, into an empty network namespace. ' +
          'Against it `nft -f` of the same sets as prefixes, what other tools load, read from a ' +
          'ready file and without rules. The benchmark fails where the kernel does not hold one ' +
          'element for each range.',
      ),
      row('ranges', 'The same, where the file of `nft -f` holds ranges.'),
    ];
  } finally {
    namespaces.removeAll();
  }
}

/** A folder with a configuration and no state. */
function freshHost(own: string, label: string, { configuration }: CountrySets): string {
  const host = join(own, `host-${label.replace(/^.*\//, '')}`);
  mkdirSync(host);
  symlinkSync(configuration, join(host, 'sekisho.yaml'));
  return host;
}

function applyOf(
  host: string,
  paths: readonly string[],
  env: Readonly<Record<string, string>>,
): Command {
  const config = join(host, 'sekisho.yaml');
  const args = [PROGRAM, 'apply', '--config', config, '--from', ...paths];
  return { program: process.execPath, args, cwd: host, env };
}

/** nft first in PATH without the wrapper of `scripts/test-programs`, on both sides. */
function environmentFor(own: string, nft: FoundProgram): Record<string, string> {
  const programs = join(own, 'programs');
  mkdirSync(programs);
  symlinkSync(nft.path, join(programs, 'nft'));
  return { ...nft.env, PATH: `${programs}:${process.env['PATH'] ?? ''}`, SSH_CONNECTION: '' };
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
