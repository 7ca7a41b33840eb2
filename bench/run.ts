import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { format, resolveConfig } from 'prettier';

import { benchmarkExport } from './cli/export.js';
import { benchmarkMemory } from './cli/memory.js';
import { benchmarkVersion } from './cli/version.js';
import { benchmarkRun } from './daemon/run.js';
import { benchmarkAnswer } from './dnsbl/answer.js';
import { benchmarkMillion } from './dnsbl/million.js';
import { benchmarkThroughput } from './dnsbl/throughput.js';
import { benchmarkApply } from './firewall/apply.js';
import { benchmarkConnections } from './firewall/connections.js';
import { benchmarkEntry } from './firewall/entry.js';
import { benchmarkMilter } from './mta/milter.js';
import { ROOT } from './paths.js';
import { documentText, machineLine, tableText } from './report.js';
import type { Benchmark, Outcome } from './row.js';
import { benchmarkCsv } from './sources/csv/open-csv.js';
import { benchmarkScan } from './sources/statistics/scan.js';

const USAGE = `npm run bench -- [--write] [--runs N] [NAME …]

  --write    write docs/performance.md as well
  --runs N   counted runs of each side (default 9)
  NAME       only these:`;

/** Every benchmark, in the order of the table. */
const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  export: benchmarkExport,
  scan: benchmarkScan,
  version: benchmarkVersion,
  memory: benchmarkMemory,
  csv: benchmarkCsv,
  apply: benchmarkApply,
  entry: benchmarkEntry,
  connections: benchmarkConnections,
  answer: benchmarkAnswer,
  dnsbl: benchmarkThroughput,
  million: benchmarkMillion,
  milter: benchmarkMilter,
  run: benchmarkRun,
};

const DOCUMENT = 'docs/performance.md';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { write: { type: 'boolean' }, runs: { type: 'string' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHMARKS);
  const runs = Number(values.runs ?? '9');
  const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
  if (values.help || unknown.length > 0 || !Number.isInteger(runs) || runs < 1) {
    console.error(`${USAGE} ${Object.keys(BENCHMARKS).join(', ')}`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if (values.write && positionals.length > 0) {
    throw new Error(`--write writes the whole of ${DOCUMENT}: give no names with it`);
  }
  const outcomes = await measure(names, runs);
  console.log(`${machineLine()}\n\n${tableText(outcomes)}`);
  if (values.write) {
    const path = join(ROOT, DOCUMENT);
    const text = documentText(outcomes, 'npm run bench -- --write');
    const style = await resolveConfig(path);
    writeFileSync(path, await format(text, { ...style, parser: 'markdown' }));
  }
}

async function measure(names: readonly string[], runs: number): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sekisho-bench-'));
  // servers that have given up their rights read their files in it
  chmodSync(folder, 0o755);
  const outcomes: Outcome[] = [];
  try {
    for (const name of names) {
      console.error(`measuring ${name} …`);
      outcomes.push(...((await BENCHMARKS[name]?.({ folder, runs })) ?? []));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return outcomes;
}

await main();
