import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { newestRealFiles } from '../inputs/statistics-files.js';
import { Namespaces, namespaceObstacle } from '../measure/namespace.js';
import { type Command, runInTurn, runTimed, tookText } from '../measure/processes.js';
import { PROGRAM, ROOT } from '../paths.js';
import { findProgram } from '../programs.js';
import { type Benchmark, type Outcome, median } from '../row.js';
import { writeCountrySets } from './country-sets.js';
import { programsFirst } from './programs-first.js';
import { storeFiles } from './state-folder.js';

const NAME = 'one entry';
const COUNTRIES = 8;
const GOALS = { ratio: 0.6, ms: 5 };
const ROUNDS = 30;

/** One address more in the list `blocked`, beside the sets of countries. */
export const benchmarkEntry: Benchmark = async ({ folder, runs }) => {
  const skipped = (reason: string): Outcome[] => [{ name: NAME, reason }];
  const nft = findProgram('nft');
  if (!nft) return skipped('needs nft to measure against; scripts/test-programs gets it');
  const obstacle = namespaceObstacle();
  if (obstacle !== undefined) return skipped(obstacle);
  const input = newestRealFiles();
  if (!input) return skipped('needs the registry files in ../shared/data');
  const driver = buildDriver();
  const rows: Outcome[] = [];
  const own = join(folder, 'entry');
  const sets = writeCountrySets(own, input.paths, COUNTRIES);
  const config = addBlocked(sets.configuration);
  await storeFiles(own, config, input.paths);
  const env = programsFirst(own, { nft });
  const namespaces = new Namespaces();
  try {
    const ours = namespaces.make();
    const theirs = namespaces.make();
    const node = (args: readonly string[]): Command =>
      namespaces.inside(ours, { program: process.execPath, args, cwd: own, env });
    const asNft = (args: readonly string[]): Command =>
      namespaces.inside(theirs, { program: nft.path, args, env });
    runTimed(node([PROGRAM, 'apply', '--config', config]));
    runTimed(asNft(['-f', sets.rangeFile]));
    runTimed(
      asNft(['add', 'set', 'inet', 'plain', 'blocked', '{ type ipv4_addr; flags interval; }']),
    );
    const address = (round: number): string => `198.51.100.${(round + 1) * 2}`;
    const { a, b } = runInTurn(
      runs,
      (round) => node([PROGRAM, 'block', '--config', config, address(round)]),
      (round) => asNft(['add', 'element', 'inet', 'plain', 'blocked', `{ ${address(round)} }`]),
    );
    rows.push({
      name: NAME,
      meaning:
        `\`sekisho block ADDRESS\`, the whole process, with ${sets.ranges} ranges of ` +
        `${COUNTRIES} countries of ${input.origin} loaded: it reads the configuration and the list, takes the lock, ` +
        'writes the list, changes the one set, writes the boot file. Against it `nft add ' +
        'element` to a set of its own beside the same ranges, which writes no file.',
      ours: { name: 'sekisho block', value: tookText(a) },
      other: { name: 'nft add element', value: tookText(b) },
      ratio: a.wallMs / b.wallMs,
      cpuRatio: a.cpuMs / b.cpuMs,
      goal: `≤ ${GOALS.ratio}`,
      met: a.wallMs / b.wallMs <= GOALS.ratio,
    });
    const within = node([driver, config, '192.0.2.N', String(ROUNDS)]);
    const took = JSON.parse(run(within)) as { change: number[]; whole: number[] };
    const changeMs = median(took.change);
    rows.push({
      name: `${NAME} in a running process`,
      meaning:
        '`changeList` alone, as a daemon calls it: it looks whether all is as the last apply ' +
        'left it, marks the boot file as behind, and changes the set. In brackets ' +
        'the same with the list and the boot file written as well.',
      ours: {
        name: 'changeList',
        value: `${changeMs.toFixed(1)} ms (${median(took.whole).toFixed(1)} ms)`,
      },
      goal: `< ${GOALS.ms} ms`,
      met: changeMs < GOALS.ms,
    });
    assertHealthy(node([PROGRAM, 'plan', '--json', '--config', config]));
  } finally {
    namespaces.removeAll();
  }
  return rows;
};

/** The driver as the program itself is built, where it finds the same packages. */
function buildDriver(): string {
  const main = `${ROOT}.cache/bench/entry-driver/main.cjs`;
  mkdirSync(dirname(main), { recursive: true });
  execFileSync(process.execPath, [
    `${ROOT}scripts/bundle/make.mjs`,
    `${ROOT}bench/firewall/entry-driver.ts`,
    main,
    `${ROOT}bench/firewall/entry-warm-up.mjs`,
  ]);
  return main;
}

function addBlocked(configuration: string): string {
  const text = readFileSync(configuration, 'utf8');
  writeFileSync(
    configuration,
    text.replace('lists:\n', 'lists:\n  blocked: { file: blocked.txt }\n'),
  );
  writeFileSync(join(configuration, '../blocked.txt'), '');
  return configuration;
}

function run({ program, args, cwd, env }: Command): string {
  return execFileSync(program, args, { encoding: 'utf8', cwd, env: { ...process.env, ...env } });
}

/** @throws Error where an apply would change anything after all these changes */
function assertHealthy(command: Command): void {
  const { differs } = JSON.parse(run(command)) as { differs: boolean };
  if (differs) throw new Error(`the kernel differs: ${run(command)}`);
}
