import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type FoundProgram, findProgram } from '../programs.js';
import { type Benchmark, type Row, median } from '../row.js';
import { percentile, runDnsperf } from './dnsperf.js';
import { RunningServer, type ServerKind, serverKinds } from './servers.js';

const ENTRIES = 1_000_000;
const ZONE = 'million.bench';
const GOAL_BYTES = 24;
const GOAL_MS = 5;
/** Queries a second while zones are loaded again. */
const RATE = 20_000;
const SECONDS = 4;
const BEFORE_RELOAD_MS = 1200;

/** A million single addresses: time to load, memory, and latency while they are loaded again. */
export const benchmarkMillion: Benchmark = async ({ folder, runs }) => {
  const rbldnsd = findProgram('rbldnsd');
  const dnsperf = findProgram('dnsperf');
  if (!rbldnsd || !dnsperf) {
    return [
      {
        name: 'DNSBL, a million',
        reason: 'needs rbldnsd and dnsperf; scripts/test-programs gets them',
      },
    ];
  }
  const own = join(folder, 'million');
  mkdirSync(own);
  const files = writeFiles(own);
  const kinds = serverKinds(rbldnsd);
  const sides = [kinds.ours, kinds.theirs].map((kind) => ({
    kind,
    full: [] as Start[],
    small: [] as Start[],
  }));
  for (let round = -1; round < runs; round++) {
    for (const side of sides) {
      for (const size of ['full', 'small'] as const) {
        const start = await startOf(side.kind, files[size]);
        if (round >= 0) side[size].push(start);
      }
    }
  }
  const tails = sides.map(({ kind }) => ({
    kind,
    reloaded: [] as number[],
    still: [] as number[],
  }));
  for (let round = 0; round < Math.min(3, runs); round++) {
    for (const { kind, reloaded, still } of tails) {
      const server = await RunningServer.start(kind, ZONE, `ip4set:${files.full}`);
      try {
        still.push(await tailOf(dnsperf, server, files.questions));
        // the same content in another file: written before, for that takes the disk and a core
        copyFileSync(files.full, `${files.full}.new`);
        const tail = tailOf(dnsperf, server, files.questions);
        await sleep(BEFORE_RELOAD_MS);
        renameSync(`${files.full}.new`, files.full);
        server.signal('SIGHUP');
        reloaded.push(await tail);
      } finally {
        await server.stop();
      }
    }
  }
  return rowsOf(sides, tails);
};

interface Start {
  readonly ms: number;
  readonly bytes: number;
}

/** 99.9th percentiles of latency, in milliseconds. */
interface Tail {
  readonly reloaded: readonly number[];
  readonly still: readonly number[];
}

interface Measured {
  readonly kind: ServerKind;
  readonly full: readonly Start[];
  readonly small: readonly Start[];
}

function rowsOf([ours, theirs]: readonly Measured[], [ourTail, theirTail]: readonly Tail[]): Row[] {
  if (!ours || !theirs || !ourTail || !theirTail) throw new Error('two sides are needed');
  const loadMs = ({ full, small }: Measured): number =>
    median(full.map(({ ms }) => ms)) - median(small.map(({ ms }) => ms));
  const bytes = ({ full, small }: Measured): number =>
    (median(full.map((start) => start.bytes)) - median(small.map((start) => start.bytes))) /
    ENTRIES;
  const tailText = ({ reloaded, still }: Tail): string =>
    `${median(reloaded).toFixed(1)} ms (${median(still).toFixed(1)} ms)`;
  const row = (
    name: string,
    meaning: string,
    value: (side: Measured) => number,
    unit: (number: number) => string,
    goal: string,
    met: boolean,
  ): Row => ({
    name,
    meaning,
    ours: { name: ours.kind.name, value: unit(value(ours)) },
    other: { name: theirs.kind.name, value: unit(value(theirs)) },
    ratio: value(ours) / value(theirs),
    goal,
    met,
  });
  const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    row(
      'DNSBL, a million addresses loaded',
      'A million single addresses, type ip4set: how much later the first answer comes than with ' +
        'one address.',
      loadMs,
      milliseconds,
      "≤ rbldnsd's",
      loadMs(ours) <= loadMs(theirs),
    ),
    row(
      'DNSBL, memory of an entry',
      'Resident memory once it answers, less that with one address, divided by the entries.',
      bytes,
      (value) => `${value.toFixed(1)} bytes`,
      `≤ ${GOAL_BYTES} bytes`,
      bytes(ours) <= GOAL_BYTES,
    ),
    {
      name: 'DNSBL, 99.9th percentile during a reload',
      meaning:
        `${RATE} queries a second for ${SECONDS} s, in which the file is replaced and loaded ` +
        'again. In brackets the same without a reload: what the machine itself makes of it.',
      ours: { name: ours.kind.name, value: tailText(ourTail) },
      other: { name: theirs.kind.name, value: tailText(theirTail) },
      ratio: median(ourTail.reloaded) / median(theirTail.reloaded),
      goal: `< ${GOAL_MS} ms`,
      met: median(ourTail.reloaded) < GOAL_MS,
    },
  ];
}

async function tailOf(
  dnsperf: FoundProgram,
  { port }: RunningServer,
  questions: string,
): Promise<number> {
  const options = { port, questions, seconds: SECONDS, rate: RATE, withLatencies: true };
  return percentile((await runDnsperf(dnsperf, options)).latenciesMs, 0.999);
}

async function startOf(kind: ServerKind, file: string): Promise<Start> {
  const server = await RunningServer.start(kind, ZONE, `ip4set:${file}`);
  try {
    return { ms: server.readyMs, bytes: server.residentBytes() };
  } finally {
    await server.stop();
  }
}

function writeFiles(folder: string): { full: string; small: string; questions: string } {
  const addresses: string[] = ['127.0.0.2'];
  for (let k = 1; k < ENTRIES; k++) {
    // a walk over 1.0.0.0 to 223.255.255.255 that meets no address twice (the step is odd)
    const value = (0x0100_0000 + ((k * 2_654_435_761) % 0xdf00_0000)) >>> 0;
    addresses.push([24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.'));
  }
  const head = ':127.0.0.2:listed $\n';
  const full = join(folder, 'full');
  const small = join(folder, 'small');
  const questions = join(folder, 'questions');
  writeFileSync(full, `${head}${addresses.join('\n')}\n`);
  writeFileSync(small, `${head}127.0.0.2\n`);
  const asked = addresses.filter((_, k) => k % 20 === 0);
  writeFileSync(
    questions,
    asked.map((address) => `${address.split('.').reverse().join('.')}.${ZONE} A\n`).join(''),
  );
  return { full, small, questions };
}
