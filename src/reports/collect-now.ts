import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Config } from '../config/schema.js';
import type { Backend } from '../firewall/backend.js';
import { codeOf } from '../util/errors.js';
import { collect } from './collect.js';
import { collectTallies, readSeenTallies } from './milter-counts.js';
import type { ReportFolder } from './folder.js';
import { namesOfLog } from './log-names.js';
import { findKernelLog, readSightings } from './read-log.js';
import { dayBefore } from './rows.js';
import type { Collection } from './stored.js';

export interface CollectOptions {
  readonly nowMs: number;
  /** A kernel log instead of the usual one; `-` is standard input. */
  readonly log?: string;
}

/**
 * Reads what kernel and milter counted, adds what is new to the days, and removes days that are
 * too old. The caller holds the lock of the state.
 *
 * @param backend undefined where there is no firewall: what it counted is left as it was
 * @throws SystemError where the kernel or the log cannot be read, or a file is damaged
 */
export async function collectNow(
  folder: ReportFolder,
  backend: Backend | undefined,
  config: Pick<Config, 'firewall' | 'report'>,
  { nowMs, log }: CollectOptions,
): Promise<void> {
  const before = folder.readCollection();
  if (before !== undefined) folder.settle(before); // a run that was killed left it
  const milter = collectTallies(before?.milter?.seen ?? {}, await readSeenTallies(folder.state));
  const denied =
    backend === undefined
      ? withoutFirewall(before)
      : await collectDenied(before, backend, config, { nowMs, ...(log !== undefined && { log }) });
  folder.add({ ...denied, milter });
  folder.prune(dayBefore(nowMs, config.report.keep_days - 1));
}

/** Nothing is added, and what is there to subtract from stays. */
function withoutFirewall(before: Collection | undefined): Collection {
  const known = before ?? { format: 1, bootId: readBootId() ?? null, groups: [] };
  return {
    ...known,
    format: 1,
    id: randomUUID(),
    // when the kernel was last read
    collectedAt: before?.collectedAt ?? new Date(0).toISOString(),
    additions: {},
  };
}

async function collectDenied(
  before: Collection | undefined,
  backend: Backend,
  config: Pick<Config, 'firewall'>,
  { nowMs, log }: CollectOptions,
): Promise<Collection> {
  const counts = await backend.countDenied();
  const hits = await backend.listHits();
  // nftables remembers addresses itself, and its log lines are a part of the same packets
  const path = backend.name === 'nftables' ? undefined : (log ?? findKernelLog());
  const names = namesOfLog(config.firewall?.rules ?? []);
  const sightings = path === undefined ? undefined : await readSightings(path, nowMs);
  return collect(before, {
    id: randomUUID(),
    nowMs,
    bootId: readBootId(),
    counts,
    hits,
    ...(sightings !== undefined && { log: { sightings, names } }),
  });
}

/** random(4): another one after every boot. */
function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined; // no /proc: counters that went down tell of a boot
  }
}
