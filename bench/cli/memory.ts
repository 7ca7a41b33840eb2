import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { filesOfToday } from '../inputs/statistics-files.js';
import { peakMemoryMiB } from '../measure/peak-memory.js';
import { PROGRAM } from '../paths.js';
import { type Benchmark, median } from '../row.js';

const GOAL_MB = 250;

/** Peak of resident memory where all five registries are read and every country is written. */
export const benchmarkMemory: Benchmark = ({ folder, runs }) => {
  const inputs = join(folder, 'today');
  mkdirSync(inputs);
  const { paths, origin } = filesOfToday(inputs);
  const megabytes = paths.reduce((total, path) => total + statSync(path).size, 0) / 1e6;
  const args = [PROGRAM, 'export', '--from', ...paths, '--all', '--format', 'cidr', '--out'];
  const peaks = Array.from({ length: runs }, (_, run) =>
    peakMemoryMiB([...args, join(folder, `memory-${run}/`)], folder),
  );
  const peakMB = median(peaks) * 1.048576;
  const bareMB = peakMemoryMiB(['-e', '0']) * 1.048576;
  return Promise.resolve([
    {
      name: 'peak memory',
      meaning:
        `\`export --all --format cidr\` of five registries, ${megabytes.toFixed(0)} MB of ` +
        `${origin} as long as those of 2026: the peak of resident memory (VmHWM of proc(5)). ` +
        'Beside it what Node itself takes.',
      ours: { name: 'sekisho', value: `${peakMB.toFixed(0)} MB` },
      other: { name: 'node -e 0', value: `${bareMB.toFixed(0)} MB` },
      goal: `< ${GOAL_MB} MB`,
      met: peakMB < GOAL_MB,
    },
  ]);
};
