import type { MilterServer } from '../mta/milter/server/server.js';
import { type MilterService, TallyFile, tallyPath } from '../mta/milter/tally-file.js';
import { KnownError } from '../util/errors.js';
import type { Report } from '../util/report.js';
import type { ServiceConfig } from './configuration.js';

/**
 * Keeps in the state what a milter counts, for reports. Where there is no place for it, the log
 * says so, and mail is judged all the same.
 */
export async function keepTallies(
  { loaded: { config, resolvePath } }: ServiceConfig,
  service: MilterService,
  server: MilterServer,
  report: Report,
): Promise<TallyFile | undefined> {
  const path = tallyPath(resolvePath(config.state), service);
  try {
    return await TallyFile.open(path, () => server.counters, report);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    report('warning', `\`sekisho report\` will not tell of this milter: ${error.message}`);
    return undefined;
  }
}
