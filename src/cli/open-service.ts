import { type ServiceConfig, readServiceConfig } from '../daemon/configuration.js';
import { logStyle, openServiceLog } from '../daemon/service-log.js';
import type { Report } from '../util/report.js';

/** What every service begins with. */
export interface OpenService {
  /** One reading for all: what is loaded is made of the text that was checked. */
  readonly config: ServiceConfig;
  /** As on the command line. */
  readonly path: string | undefined;
  readonly report: Report;
}

/**
 * Reads the configuration of a service and opens its log.
 *
 * @throws UsageError where the configuration cannot be read, or is wrong
 */
export function openService(path: string | undefined): OpenService {
  const config = readServiceConfig(path);
  const { log } = config.loaded.config;
  return { config, path, report: openServiceLog(log, logStyle(log)) };
}
