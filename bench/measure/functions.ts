import { median } from '../row.js';

/**
 * Calls functions in turn (A B C A B C …) until each has been called `rounds` times, and
 * returns the median of each one's CPU time in milliseconds, which other work on the machine
 * disturbs less than wall time. Each is called `warmUp` times first, so that the compiler has
 * done its work.
 */
export function callInTurn(
  rounds: number,
  warmUp: number,
  functions: readonly (() => unknown)[],
): number[] {
  for (const call of functions) for (let k = 0; k < warmUp; k++) call();
  const times = functions.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, call] of functions.entries()) {
      const before = process.cpuUsage();
      call();
      const { user, system } = process.cpuUsage(before);
      times[index]?.push((user + system) / 1000);
    }
  }
  return times.map(median);
}
