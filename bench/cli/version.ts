import { runInTurn, tookText } from '../measure/processes.js';
import { PROGRAM } from '../paths.js';
import type { Benchmark } from '../row.js';

const GOAL = 2;

/** How long the program takes to start, against Node itself. */
export const benchmarkVersion: Benchmark = ({ folder, runs }) => {
  const node = (...args: string[]) => ({ program: process.execPath, args, cwd: folder });
  const { a, b } = runInTurn(
    2 * runs,
    () => node(PROGRAM, '--version'),
    () => node('-e', '0'),
  );
  const ratio = a.wallMs / b.wallMs;
  return Promise.resolve([
    {
      name: '--version',
      meaning:
        '`sekisho --version`, the whole process, against `node -e 0`: what it costs to start the ' +
        'program. Commands load what they use when they are called.',
      ours: { name: 'sekisho --version', value: tookText(a) },
      other: { name: 'node -e 0', value: tookText(b) },
      ratio,
      cpuRatio: a.cpuMs / b.cpuMs,
      goal: `≤ ${GOAL}`,
      met: ratio <= GOAL,
    },
  ]);
};
