import type { UpdateRecord } from '../jobs/last-update.js';
import { EXIT } from '../util/errors.js';
import type { PastRun } from './run-planner.js';

/** An update's record as the schedule needs it. */
export function pastRunOf(record: UpdateRecord): PastRun {
  const { startedAt, endedAt, exitCode, registries, feeds } = record;
  // what a network that is back, or a server, mends; a wrong line does not mend itself
  const wantsRetry =
    exitCode === EXIT.failed ||
    registries.some(({ outcome }) => outcome === 'unreachable') ||
    feeds.some(({ outcome }) => outcome === 'failed');
  return {
    startedMs: Date.parse(startedAt),
    endedMs: Date.parse(endedAt),
    wantsRetry: exitCode !== EXIT.done && wantsRetry,
  };
}
