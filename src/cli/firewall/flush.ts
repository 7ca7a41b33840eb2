import type { LoadedConfig } from '../../config/load.js';
import { flush, planFlush } from '../../firewall/flush.js';
import { FirewallFolder } from '../../firewall/generations.js';
import { EXIT, type ExitCode } from '../../util/errors.js';
import { collectBefore } from '../../jobs/collect-before.js';
import type { CommandModule } from '../command-module.js';
import { type DataOptions, addDataOptions } from '../data-options.js';
import { VOICE, note, warn } from '../output.js';
import { PERSON_WAIT_MS, withStateLock } from '../state-lock.js';
import { loadFor } from './session.js';

export const define: CommandModule['define'] = (command, run) => {
  addDataOptions(command).action(async (options: DataOptions) =>
    run(async () => {
      const loaded = await loadFor(options);
      const code = await withStateLock(
        loaded,
        'sekisho flush',
        () => flushAndTell(loaded),
        PERSON_WAIT_MS,
      );
      return code ?? EXIT.failed;
    }),
  );
};

/** Also where the configuration has no firewall part any more. */
async function flushAndTell(loaded: LoadedConfig): Promise<ExitCode> {
  const { firewall, state } = loaded.config;
  const folder = new FirewallFolder(loaded.resolvePath(state));
  const plan = await planFlush(folder, firewall?.backend ?? 'auto');
  for (const text of plan.notes) warn(text);
  for (const backend of plan.backends) await collectBefore({ loaded, backend }, VOICE, 'flush');
  const undone = await flush(folder, plan);
  for (const text of undone) warn(`left undone: ${text}`);
  if (undone.length > 0) return EXIT.failed;
  note('everything of ours was taken away; `sekisho apply` puts it back');
  return EXIT.done;
}
