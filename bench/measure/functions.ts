import { median } from '../row.js';

/**
 * Calls functions in turn (A B C A B C …) until each has been called `rounds` times, and
 * returns the median of each one's wall time in milliseconds. Each is called `warmUp` times
 * first, so that the compiler has done its work.
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
      const before = performance.now();
      call();
      times[index]?.push(performance.now() - before);
    }
  }
  return times.map(median);
}
