import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { findProgram } from '../programs.js';
import { type Benchmark, type Row, median } from '../row.js';
import { percentile, runDnsperf } from './dnsperf.js';
import { RunningServer, type ServerKind, serverKinds } from './servers.js';

const ENTRIES = 1_000_000;
const ZONE = 'million.bench';
const GOAL_BYTES = 24;
const GOAL_MS = 5;
/** Queries a second while zones are loaded again. */
const RATE = 20_000;
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
  const tails = new Map<ServerKind, number[]>(sides.map(({ kind }) => [kind, []]));
  for (let round = 0; round < Math.min(3, runs); round++) {
    for (const { kind } of sides) {
      const server = await RunningServer.start(kind, ZONE, `ip4set:${files.full}`);
      try {
        // the same content in another file: written before, for that takes the disk and a core
        copyFileSync(files.full, `${files.full}.new`);
        const load = runDnsperf(dnsperf, {
          port: server.port,
          questions: files.questions,
          seconds: 4,
          rate: RATE,
          withLatencies: true,
        });
        await sleep(BEFORE_RELOAD_MS);
        renameSync(`${files.full}.new`, files.full);
        server.signal('SIGHUP');
        tails.get(kind)?.push(percentile((await load).latenciesMs, 0.999));
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

interface Measured {
  readonly kind: ServerKind;
  readonly full: readonly Start[];
  readonly small: readonly Start[];
}

function rowsOf(
  [ours, theirs]: readonly Measured[],
  tails: ReadonlyMap<ServerKind, number[]>,
): Row[] {
  if (!ours || !theirs) throw new Error('two sides are needed');
  const loadMs = ({ full, small }: Measured): number =>
    median(full.map(({ ms }) => ms)) - median(small.map(({ ms }) => ms));
  const bytes = ({ full, small }: Measured): number =>
    (median(full.map((start) => start.bytes)) - median(small.map((start) => start.bytes))) /
    ENTRIES;
  const tail = ({ kind }: Measured): number => median(tails.get(kind) ?? []);
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
    row(
      'DNSBL, 99.9th percentile during a reload',
      `${RATE} queries a second for 4 s, in which the file is replaced and loaded again.`,
      tail,
      milliseconds,
      `< ${GOAL_MS} ms`,
      tail(ours) < GOAL_MS,
    ),
  ];
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
