import type { LoadedConfig } from '../config/load.js';
import type { GatherOptions } from '../jobs/status/gather.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions } from './data-options.js';
import { VOICE, writeJson } from './output.js';

interface StatusOptions extends DataOptions {
  readonly json?: true;
}

export const define: CommandModule['define'] = (command, run) => {
  addDataOptions(command)
    .option('--json', 'print JSON')
    .action(async ({ config, from, json }: StatusOptions) =>
      run(async () => {
        const { loadConfig } = await import('../config/load.js');
        const { gatherStatus } = await import('../jobs/status/gather.js');
        const { reportStatus } = await import('../jobs/status/report.js');
        const loaded = loadConfig(config);
        const nextScheduled = await scheduleOf(loaded);
        const facts = await gatherStatus(loaded, {
          voice: VOICE,
          ...(from && { from }),
          ...(nextScheduled && { nextScheduled }),
        });
        const report = reportStatus(facts);
        if (json) await writeJson(report);
        else {
          const { writeStatus } = await import('./status-text.js');
          await writeStatus(report, facts);
        }
        return report.exitCode;
      }),
    );
};

/** Without a schedule, what it takes to read one is not loaded. */
async function scheduleOf({ config }: LoadedConfig): Promise<GatherOptions['nextScheduled']> {
  if (config.schedule === undefined) return undefined;
  const { Schedule } = await import('../daemon/schedule.js');
  const { hostZone } = await import('../daemon/local-time.js');
  const schedule = new Schedule(config.schedule, hostZone());
  return (afterMs) => schedule.next(afterMs);
}
