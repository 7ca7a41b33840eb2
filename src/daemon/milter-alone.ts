import { ServiceState } from '../linux/service-state.js';
import { runMilter } from '../mta/milter/run-foreground.js';
import { MilterServer } from '../mta/milter/server/server.js';
import type { ExitCode } from '../util/errors.js';
import { keepTallies } from './keep-tallies.js';
import { type LoneOptions, LoneService } from './lone-service.js';

/**
 * `sekisho milter`: the milter and nothing else. SIGHUP reads the configuration again: where it is
 * wrong, the old one stays.
 *
 * @returns exit code 0 once it was told to end
 * @throws as `runMilter`
 */
export async function milterAlone(options: LoneOptions): Promise<ExitCode> {
  const { config, report } = options;
  const lone: LoneService = new LoneService(options, {
    service: 'milter',
    part: 'milter',
    facts: () => ({ milter: server.snapshot() }),
  });
  const server = new MilterServer(lone.input, report);
  const isSeen = await lone.offerSnapshot();
  const tallies = isSeen ? await keepTallies(config, 'milter', server, report) : undefined;
  try {
    return await runMilter({
      server,
      report,
      state: new ServiceState(process.env, report),
      onReady: () => lone.startMetrics(),
      readInput: () => lone.reload(),
    });
  } finally {
    tallies?.close();
    await lone.close();
  }
}
