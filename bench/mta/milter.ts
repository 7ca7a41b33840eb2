import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { PROGRAM, ROOT } from '../paths.js';
import { type Benchmark, type Row, median } from '../row.js';

const PORT = 15_290;
const [SERVER_CORE, LOAD_CORE] = ['1', '0'];
const GOALS = { sessionsPerSecond: 3000, medianMs: 1 };

interface Load {
  readonly sessions: number;
  readonly seconds: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** The milter with all checks on, on a core of its own. */
export const benchmarkMilter: Benchmark = async ({ folder, runs }) => {
  const own = join(folder, 'milter');
  mkdirSync(join(own, 'state'), { recursive: true });
  const config = writeFiles(own);
  const words = ['-c', SERVER_CORE, process.execPath, PROGRAM, 'milter', '--config', config];
  const child = spawn('taskset', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await untilListening(child);
    load(4000, 20);
    const busy: Load[] = [];
    const calm: Load[] = [];
    const cpuSeconds: number[] = [];
    for (let run = 0; run < runs; run++) {
      const before = cpuSecondsOf(child.pid as number);
      busy.push(load(10_000, 20));
      cpuSeconds.push(cpuSecondsOf(child.pid as number) - before);
      calm.push(load(2000, 1));
    }
    return [throughputRow(busy, cpuSeconds), latencyRow(calm)];
  } finally {
    child.kill('SIGTERM');
  }
};

/** Lists of a hundred thousand addresses, prefixes, known hosts, rules, HELO checks, a header. */
function writeFiles(own: string): string {
  const lines = Array.from(
    { length: 100_000 },
    (_, k) => `${(k % 200) + 11}.${(k >>> 8) % 256}.${k % 256}.${(k * 7) % 256}\n`,
  );
  writeFileSync(join(own, 'blocked.txt'), lines.join(''));
  writeFileSync(join(own, 'rules.conf'), RULES);
  const config = join(own, 'sekisho.yaml');
  writeFileSync(
    config,
    `state: state
lists:
  blocked: { file: blocked.txt }
milter:
  listen: ["127.0.0.1:${PORT}"]
  lists: { blocked: {} }
  known: [198.51.100.0/24]
  rules: rules.conf
`,
  );
  return config;
}

const RULES = `reject "no such host"
connect /^dynamic[0-9]*\\./i //
helo /^(localhost|friend)$/ei
envfrom /@spam\\.example>$/i
envrcpt /<(.*%.*)@/e
tempfail "not now"
header /^Subject$/i /(casino|lottery) (winner|bonus)/ei
header /^X-Mailer$/i /bulk/i and not header /^List-Id$/i //
`;

async function untilListening(child: ChildProcess): Promise<void> {
  let told = '';
  child.stderr?.on('data', (piece: Buffer) => (told += piece.toString()));
  for (let tries = 0; tries < 600 && !told.includes('listening on'); tries++) {
    if (child.exitCode !== null) throw new Error(`the milter ended: ${told}`);
    await sleep(50);
  }
  if (!told.includes('listening on')) throw new Error(`the milter does not listen: ${told}`);
}

function load(sessions: number, atATime: number): Load {
  const driver = join(ROOT, 'bench/mta/driver.mjs');
  const words = [driver, PORT, sessions, atATime].map(String);
  const text = execFileSync('taskset', ['-c', LOAD_CORE, process.execPath, ...words]);
  return JSON.parse(text.toString()) as Load;
}

/** User and system time so far, of all threads; clock ticks are hundredths of a second (proc(5)). */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function throughputRow(loads: readonly Load[], cpuSeconds: readonly number[]): Row {
  const perSecond = median(loads.map(({ sessions, seconds }) => sessions / seconds));
  const ofCore = median(loads.map(({ sessions }, k) => sessions / (cpuSeconds[k] as number)));
  return {
    name: 'milter, sessions a CPU second',
    meaning:
      'Connect, HELO, MAIL, RCPT and a message of eight headers, each on a connection of its own, ' +
      '20 at a time; a list of 100,000 addresses, HELO checks, eight rules and the header; milter ' +
      'and mail server on a core each. The goal is for a second of CPU time, which is what a core gives.',
    ours: {
      name: 'sekisho milter',
      value: `${ofCore.toFixed(0)} (by the clock ${perSecond.toFixed(0)})`,
    },
    goal: `≥ ${GOALS.sessionsPerSecond}`,
    met: ofCore >= GOALS.sessionsPerSecond,
  };
}

function latencyRow(loads: readonly Load[]): Row {
  const ms = median(loads.map(({ medianMs }) => medianMs));
  return {
    name: 'milter, time for an answer',
    meaning: 'The median over all answers of one session after the other.',
    ours: { name: 'sekisho milter', value: `${ms.toFixed(3)} ms` },
    goal: `< ${GOALS.medianMs} ms`,
    met: ms < GOALS.medianMs,
  };
}
