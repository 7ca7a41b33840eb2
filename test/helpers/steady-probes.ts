import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../../src/util/errors.js';

/** A connection that is tried again and again, and what has to become of it each time. */
export interface Probe {
  readonly name: string;
  readonly ask: () => Promise<string>;
  readonly expected: string;
}

export interface ProbeResult {
  /** How many verdicts there were. */
  readonly count: number;
  /** Those that were wrong, and errors. */
  readonly wrong: readonly string[];
}

/**
 * Starts every probe at a steady pace while `work` runs. A probe does not wait for the verdict
 * of the one before it: a dropped connection is known only by its long silence, and the moment
 * that counts is that of its SYN.
 */
export async function probeDuring(
  probes: readonly Probe[],
  everyMs: number,
  work: () => Promise<void>,
): Promise<Map<string, ProbeResult>> {
  const verdicts = new Map(probes.map(({ name }) => [name, [] as Promise<string>[]]));
  const working = new AbortController();
  const done = work().finally(() => working.abort());
  const probing = (async () => {
    while (!working.signal.aborted) {
      for (const { name, ask } of probes) verdicts.get(name)?.push(ask().catch(messageOf));
      await sleep(everyMs);
    }
  })();
  const results = new Map<string, ProbeResult>();
  await Promise.all([done, probing]);
  for (const { name, expected } of probes) {
    const all = await Promise.all(verdicts.get(name) ?? []);
    results.set(name, { count: all.length, wrong: all.filter((verdict) => verdict !== expected) });
  }
  return results;
}
