import { differs } from '../../firewall/enforce.js';
import { contradictedAdmins, lockedOutPeers } from '../../firewall/safety/lock-out.js';
import { findSessionPeers } from '../../firewall/safety/sessions.js';
import { EXIT } from '../../util/errors.js';
import type { CommandModule } from '../command-module.js';
import { type DataOptions, addDataOptions } from '../data-options.js';
import { warn, writeJson, writeOut } from '../output.js';
import { changeLines, listChanges } from '../../firewall/describe.js';
import { loadFor, lookAtFirewall, openPlan } from './session.js';

interface PlanOptions extends DataOptions {
  readonly json?: true;
}

export const define: CommandModule['define'] = (command, run) => {
  addDataOptions(command)
    .option('--json', 'print JSON')
    .action(async (options: PlanOptions) =>
      run(async () => {
        const loaded = await loadFor(options);
        const { backend, reason } = await lookAtFirewall(loaded, 'sekisho plan');
        const { plan, complete } = await openPlan(loaded, options);
        const difference = await backend.compare(plan);
        const dangers = [...lockedOutPeers(plan, findSessionPeers()), ...contradictedAdmins(plan)];
        if (options.json) {
          await writeJson({
            backend: backend.name,
            reason,
            present: difference.present,
            differs: differs(difference),
            rules: difference.rules,
            asleep: difference.asleep ?? [],
            lists: listChanges(difference),
            dangers,
          });
        } else {
          const lines = [...(difference.asleep ?? []), ...changeLines(difference)];
          await writeOut([
            `backend: ${backend.name} (${reason})\n`,
            ...(lines.length > 0 ? lines : ['the kernel holds what it should']).map(
              (l) => `${l}\n`,
            ),
            ...(plan.allow.length > 0 ? [`${ALLOW_NOTE}\n`] : []),
          ]);
        }
        for (const danger of dangers) warn(danger);
        return complete ? EXIT.done : EXIT.partial;
      }),
    );
};

const ALLOW_NOTE =
  'note: firewall.allow passes our own rules only; what another firewall here closes stays closed';
