import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { writeCountrySets } from '../firewall/country-sets.js';
import { programsFirst } from '../firewall/programs-first.js';
import { storeFiles } from '../firewall/state-folder.js';
import { newestRealFiles } from '../inputs/statistics-files.js';
import { Namespaces, namespaceObstacle } from '../measure/namespace.js';
import { PROGRAM, ROOT } from '../paths.js';
import { findProgram } from '../programs.js';
import { type Benchmark, type Outcome, median } from '../row.js';

const NAME = 'run';
const GOALS = { kernelMs: 400, dnsMs: 1000, manyMs: 1000, bytes: 200e6 };
const COUNTRIES = 8;
const MANY = 1000;
const PORT = 15_353;
const READY_MS = 60_000;
const AGENT = `${ROOT}bench/daemon/effect-agent.mjs`;

/** The daemon with everything on, and what a person does beside it. */
export const benchmarkRun: Benchmark = async ({ folder, runs }) => {
  const skipped = (reason: string): Outcome[] => [{ name: NAME, reason }];
  const nft = findProgram('nft');
  if (!nft) return skipped('needs nft; scripts/test-programs gets it');
  const obstacle = namespaceObstacle();
  if (obstacle !== undefined) return skipped(obstacle);
  const input = newestRealFiles();
  if (!input) return skipped('needs the registry files in ../shared/data');
  const own = join(folder, 'run');
  const sets = writeCountrySets(own, input.paths, COUNTRIES);
  writeConfiguration(sets.configuration, sets.countries);
  await storeFiles(own, sets.configuration, input.paths);
  const env = { ...process.env, ...programsFirst(own, { nft }) };
  const namespaces = new Namespaces();
  let daemon: ChildProcess | undefined;
  try {
    const name = namespaces.make();
    const run = (program: string, args: readonly string[], text = ''): string =>
      execFileSync('nsenter', [`--net=/run/netns/${name}`, program, ...args], {
        encoding: 'utf8',
        cwd: own,
        env,
        input: text,
        maxBuffer: 2 ** 28,
      });
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    const config = ['--config', sets.configuration];
    daemon = spawn(
      'nsenter',
      [`--net=/run/netns/${name}`, process.execPath, PROGRAM, 'run', ...config],
      { cwd: own, env, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const effects = (addresses: readonly string[]): Effect[] => {
      const facts = { program: PROGRAM, config: sets.configuration, port: PORT, zone: 'bl.test' };
      return JSON.parse(
        run(process.execPath, [AGENT, JSON.stringify({ ...facts, addresses })]),
      ) as Effect[];
    };
    await untilApplied(run, daemon);
    const addresses = Array.from({ length: runs + 1 }, (_, round) => `198.51.100.${round * 2}`);
    const [, ...counted] = effects(addresses);
    const held = run('nft', ['list', 'set', 'inet', 'sekisho', 'blocked_v4']);
    const missing = addresses.find((address) => !held.includes(address));
    if (missing !== undefined) throw new Error(`${missing} is not in the kernel`);
    const many = manyRuns(runs, (text) => {
      run(process.execPath, [PROGRAM, 'block', '--stdin', ...config], text);
    });
    const bytes = peakBytes(daemon.pid);
    return [
      budget(
        'block, to its effect in the kernel',
        median(counted.map(({ kernelMs }) => kernelMs)),
        {
          limitMs: GOALS.kernelMs,
          meaning:
            `\`sekisho block ADDRESS\`, the whole process, beside ${sets.ranges} ranges of ` +
            `${COUNTRIES} countries in the kernel; it ends when the kernel is changed.`,
        },
      ),
      budget('block, to its effect at the DNSBL', median(counted.map(({ dnsMs }) => dnsMs)), {
        limitMs: GOALS.dnsMs,
        meaning:
          'The same until a running `sekisho run` answers that the address is listed, asked ' +
          'every 2 ms.',
      }),
      budget(`block --stdin, ${MANY} addresses`, median(many), {
        limitMs: GOALS.manyMs,
        meaning: `${MANY} new addresses in one call, the whole process.`,
      }),
      {
        name: 'memory of run',
        meaning:
          'Most memory that `sekisho run` has had resident (VmHWM of proc(5)) after all this, ' +
          `with the firewall of ${COUNTRIES} countries and a DNSBL with a zone of lists and one ` +
          'of all countries.',
        ours: { name: 'run', value: `${(bytes / 1e6).toFixed(0)} MB` },
        goal: `< ${GOALS.bytes / 1e6} MB`,
        met: bytes < GOALS.bytes,
      },
    ];
  } finally {
    daemon?.kill('SIGTERM');
    await sleep(500);
    daemon?.kill('SIGKILL');
    namespaces.removeAll();
  }
};

interface Effect {
  readonly kernelMs: number;
  readonly dnsMs: number;
}

function writeConfiguration(path: string, countries: readonly string[]): void {
  const text = readFileSync(path, 'utf8');
  const lists = countries.map((list) => `${list}: { code: 127.0.0.4 }`).join(', ');
  writeFileSync(
    path,
    `${text.replace('lists:\n', 'lists:\n  blocked: { file: blocked.txt }\n')}dnsbl:
  listen: ['127.0.0.1:${PORT}']
  zones:
    - { name: bl.test, lists: { blocked: { code: 127.0.0.2 }, ${lists} } }
    - { name: cc.test, kind: country }
`,
  );
  writeFileSync(join(path, '../blocked.txt'), '');
}

async function untilApplied(
  run: (program: string, args: readonly string[]) => string,
  daemon: ChildProcess,
): Promise<void> {
  const endMs = performance.now() + READY_MS;
  while (performance.now() < endMs) {
    if (daemon.exitCode !== null) throw new Error(`run ended with ${daemon.exitCode}`);
    if (run('nft', ['list', 'tables']).includes('sekisho')) return;
    await sleep(200);
  }
  throw new Error(`run has applied nothing in ${READY_MS} ms`);
}

/** Milliseconds of each run with new addresses. */
function manyRuns(runs: number, block: (text: string) => void): number[] {
  return Array.from({ length: runs }, (_, round) => {
    const lines = Array.from(
      { length: MANY },
      (_, k) => `203.${round}.${k >> 7}.${(k & 127) * 2}\n`,
    );
    const start = performance.now();
    block(lines.join(''));
    return performance.now() - start;
  });
}

function budget(
  name: string,
  tookMs: number,
  { limitMs, meaning }: { readonly limitMs: number; readonly meaning: string },
): Outcome {
  return {
    name,
    meaning,
    ours: { name: 'block', value: `${tookMs.toFixed(0)} ms` },
    goal: `< ${limitMs} ms`,
    met: tookMs < limitMs,
  };
}

function peakBytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid ?? 0}/status`, 'latin1');
  const [, kilobytes = ''] = /VmHWM:\s+(\d+) kB/.exec(status) ?? [];
  return Number(kilobytes) * 1024;
}
