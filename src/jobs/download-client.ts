import type { LoadedConfig } from '../config/load.js';
import type { DownloadLimits } from '../sources/download/options.js';
import { packageVersion } from '../util/version.js';

/** The limits that the configuration sets for every download. */
export function limitsOf({ config }: LoadedConfig): Partial<DownloadLimits> {
  const { sources } = config;
  return {
    connectMs: sources.connect_timeout,
    idleMs: sources.idle_timeout,
    totalMs: sources.total_timeout,
    tries: sources.tries,
    maxBytes: sources.max_size,
  };
}

/** How we present ourselves to servers. */
export function userAgent(): string {
  return `sekisho/${packageVersion()}`;
}
