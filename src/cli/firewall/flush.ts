import { flush } from '../../firewall/enforce.js';
import { EXIT } from '../../util/errors.js';
import { collectBefore } from '../collect.js';
import type { CommandModule } from '../command-module.js';
import { type DataOptions, addDataOptions } from '../data-options.js';
import { note } from '../output.js';
import { withStateLock } from '../state-lock.js';
import { loadFor, openFirewall } from './session.js';

export const define: CommandModule['define'] = (command, run) => {
  addDataOptions(command).action(async (options: DataOptions) =>
    run(async () => {
      const loaded = await loadFor(options);
      const done = await withStateLock(loaded, 'sekisho flush', async () => {
        const session = await openFirewall(loaded);
        await collectBefore(session, 'flush');
        await flush(session);
        note('everything of ours was taken away; `sekisho apply` puts it back');
        return EXIT.done;
      });
      return done ?? EXIT.failed;
    }),
  );
};
