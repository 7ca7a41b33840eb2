import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { filesOf2013 } from '../inputs/statistics-files.js';
import { type FoundProgram, findProgram } from '../programs.js';
import { type Benchmark, type Outcome, type Row, median } from '../row.js';
import { type Load, percentile, runDnsperf } from './dnsperf.js';
import { RunningServer, type ServerKind, ask, serverKinds } from './servers.js';
import { type QuestionKind, ZONE, type ZoneInputs, writeZoneInputs } from './zone-inputs.js';

const SECONDS = 3;
const SAMPLES = 500;
const GOAL_CPU = 1;

/** Both servers side by side: queries a second, CPU time, latency, time to the first answer. */
export const benchmarkThroughput: Benchmark = async ({ folder, runs }) => {
  const rbldnsd = findProgram('rbldnsd');
  const dnsperf = findProgram('dnsperf');
  if (!rbldnsd || !dnsperf) {
    return [
      { name: 'DNSBL', reason: 'needs rbldnsd and dnsperf; scripts/test-programs gets them' },
    ];
  }
  const own = join(folder, 'dnsbl');
  mkdirSync(own);
  const { paths, origin } = filesOf2013(own);
  const inputs = writeZoneInputs(own, paths);
  const kinds = serverKinds(rbldnsd);
  const sides = { ours: new Side(kinds.ours), theirs: new Side(kinds.theirs) };
  const latencies: Outcome[] = [];
  // an uncounted round first; then in turn, so that both see the same machine
  for (let round = -1; round < runs; round++) {
    for (const side of [sides.ours, sides.theirs]) {
      const server = await RunningServer.start(side.kind, ZONE, `combined:${inputs.zoneFile}`);
      try {
        if (round >= 0) side.readyMs.push(server.readyMs);
        for (const kind of ['A', 'TXT', 'IPv6'] as const) {
          const run = await measure(server, dnsperf, inputs.questions[kind]);
          if (round >= 0) side.runs[kind].push(run);
        }
      } finally {
        await server.stop();
      }
    }
  }
  await assertSameAnswers(kinds, inputs);
  latencies.push(await latencyRow(dnsperf, kinds, sides, inputs, runs));
  const about = `${inputs.ranges} ranges of KR, CN, TW and HK from ${origin}, IPv4 and IPv6`;
  return [
    ...(['A', 'TXT', 'IPv6'] as const).flatMap((kind) => throughputRows(kind, sides, about)),
    ...latencies,
    readyRow(sides, about),
  ];
};

interface Run {
  readonly perSecond: number;
  readonly lost: number;
  readonly userMicros: number;
  readonly cpuMicros: number;
}

class Side {
  readonly kind: ServerKind;
  readonly runs: Readonly<Record<QuestionKind, Run[]>> = { A: [], TXT: [], IPv6: [] };
  readonly readyMs: number[] = [];

  constructor(kind: ServerKind) {
    this.kind = kind;
  }

  middle(kind: QuestionKind, value: (run: Run) => number): number {
    return median(this.runs[kind].map(value));
  }
}

async function measure(
  server: RunningServer,
  dnsperf: FoundProgram,
  questions: string,
): Promise<Run> {
  // the first second counts for neither: caches are cold, and V8 has compiled nothing yet
  await runDnsperf(dnsperf, { port: server.port, questions, seconds: 1 });
  const before = server.cpu();
  const load = await runDnsperf(dnsperf, { port: server.port, questions, seconds: SECONDS });
  const after = server.cpu();
  const userMs = after.userMs - before.userMs;
  const systemMs = after.systemMs - before.systemMs;
  return {
    perSecond: load.perSecond,
    lost: load.lost,
    userMicros: (userMs * 1000) / load.queries,
    cpuMicros: ((userMs + systemMs) * 1000) / load.queries,
  };
}

function throughputRows(
  kind: QuestionKind,
  { ours, theirs }: { ours: Side; theirs: Side },
  about: string,
): Row[] {
  const rate = (side: Side): number => side.middle(kind, (run) => run.perSecond);
  const cpu = (side: Side): number => side.middle(kind, (run) => run.cpuMicros);
  const user = (side: Side): number => side.middle(kind, (run) => run.userMicros);
  const lost = (side: Side): number => side.runs[kind].reduce((sum, run) => sum + run.lost, 0);
  const rateText = (side: Side): string => `${rate(side).toFixed(0)}/s, ${lost(side)} lost`;
  const cpuText = (side: Side): string =>
    `${cpu(side).toFixed(2)} µs, of which user ${user(side).toFixed(2)}`;
  const what = kind === 'IPv6' ? 'A of IPv6 addresses' : kind;
  return [
    {
      name: `DNSBL, queries a second, ${what}`,
      meaning:
        `dnsperf on one core asks a server on the other for ${SECONDS} s, as fast as it goes, ` +
        `over UDP and loopback: ${about}, half of the questions listed. Both servers read the ` +
        'same file with the same arguments; answers to a sample are compared.',
      ours: { name: ours.kind.name, value: rateText(ours) },
      other: { name: theirs.kind.name, value: rateText(theirs) },
      ratio: rate(ours) / rate(theirs),
      goal: '≥ 1, 0 lost',
      met: rate(ours) >= rate(theirs) && lost(ours) === 0,
    },
    {
      name: `DNSBL, CPU time a query, ${what}`,
      meaning: 'User and system time of all threads of the server in those runs (proc(5)).',
      ours: { name: ours.kind.name, value: cpuText(ours) },
      other: { name: theirs.kind.name, value: cpuText(theirs) },
      ratio: cpu(ours) / cpu(theirs),
      goal: `≤ ${GOAL_CPU}, user ≤ rbldnsd's`,
      met: cpu(ours) <= cpu(theirs) * GOAL_CPU && user(ours) <= user(theirs),
    },
  ];
}

async function latencyRow(
  dnsperf: FoundProgram,
  kinds: { readonly ours: ServerKind; readonly theirs: ServerKind },
  sides: { readonly ours: Side; readonly theirs: Side },
  inputs: ZoneInputs,
  runs: number,
): Promise<Row> {
  const rate = Math.round(sides.theirs.middle('A', (run) => run.perSecond) / 2);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < Math.min(runs, 5); round++) {
    for (const [kind, values] of [
      [kinds.ours, ours],
      [kinds.theirs, theirs],
    ] as const) {
      const server = await RunningServer.start(kind, ZONE, `combined:${inputs.zoneFile}`);
      try {
        const options = { port: server.port, questions: inputs.questions.A, rate };
        await runDnsperf(dnsperf, { ...options, seconds: 1 });
        const load: Load = await runDnsperf(dnsperf, {
          ...options,
          seconds: 2,
          withLatencies: true,
        });
        values.push(percentile(load.latenciesMs, 0.99));
      } finally {
        await server.stop();
      }
    }
  }
  const [a, b] = [median(ours), median(theirs)];
  return {
    name: 'DNSBL, 99th percentile of latency',
    meaning: `At ${rate} queries a second, half of rbldnsd's peak, each reply as dnsperf timed it.`,
    ours: { name: kinds.ours.name, value: `${a.toFixed(3)} ms` },
    other: { name: kinds.theirs.name, value: `${b.toFixed(3)} ms` },
    ratio: a / b,
    goal: '≤ 1',
    met: a <= b,
  };
}

function readyRow({ ours, theirs }: { ours: Side; theirs: Side }, about: string): Row {
  const [a, b] = [median(ours.readyMs), median(theirs.readyMs)];
  return {
    name: 'DNSBL, first answer',
    meaning: `From the start of the process to the first answer, ${about}.`,
    ours: { name: ours.kind.name, value: `${a.toFixed(0)} ms` },
    other: { name: theirs.kind.name, value: `${b.toFixed(0)} ms` },
    ratio: a / b,
    goal: '≤ 600 ms',
    met: a <= 600,
  };
}

/** @throws Error for the first question that the two answer differently */
async function assertSameAnswers(
  kinds: { readonly ours: ServerKind; readonly theirs: ServerKind },
  inputs: ZoneInputs,
): Promise<void> {
  const dataset = `combined:${inputs.zoneFile}`;
  const ours = await RunningServer.start(kinds.ours, ZONE, dataset);
  const theirs = await RunningServer.start(kinds.theirs, ZONE, dataset);
  try {
    for (const name of inputs.listed.slice(0, SAMPLES)) {
      for (const type of ['A', 'TXT'] as const) {
        const [a, b] = [
          await ask(ours.port, `${name}.${ZONE}`, type, 2000),
          await ask(theirs.port, `${name}.${ZONE}`, type, 2000),
        ];
        if (a === undefined || b === undefined) throw new Error(`${name} was not answered`);
        const [first, second] = [answerSection(a), answerSection(b)];
        if (!first.equals(second) || first.length === 0) {
          throw new Error(`${name} ${type} is answered differently`);
        }
      }
    }
  } finally {
    await ours.stop();
    await theirs.stop();
  }
}

/** The first record behind the question; each name has one of a type here. */
function answerSection(reply: Buffer): Buffer {
  let at = 12;
  while ((reply[at] as number) !== 0) at += 1 + (reply[at] as number);
  at += 5;
  if (reply.readUInt16BE(6) === 0) return Buffer.alloc(0);
  return reply.subarray(at, at + 12 + reply.readUInt16BE(at + 10));
}
