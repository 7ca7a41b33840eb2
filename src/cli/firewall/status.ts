import type { DenyCount, Difference } from '../../firewall/backend.js';
import { differs } from '../../firewall/enforce.js';
import type { Plan } from '../../policy/plan.js';
import type { CountryData } from '../../sources/country-data.js';
import { EXIT, type ExitCode } from '../../util/errors.js';
import type { CommandModule } from '../command-module.js';
import { type DataOptions, addDataOptions } from '../data-options.js';
import { writeJson, writeOut, writeTable } from '../output.js';
import { changeLines, listChanges } from '../../firewall/describe.js';
import { loadFor, lookAtFirewall, openPlan } from './session.js';

interface StatusOptions extends DataOptions {
  readonly json?: true;
}

/** Data older than this is a warning, days. */
const OLD_DAYS = 7;
const DAY_MS = 86_400_000;

export const define: CommandModule['define'] = (command, run) => {
  addDataOptions(command)
    .option('--json', 'print JSON')
    .action(async (options: StatusOptions) =>
      run(async () => {
        const loaded = await loadFor(options);
        const { backend, reason, folder } = await lookAtFirewall(loaded, 'sekisho status');
        const { plan, data, complete } = await openPlan(loaded, options);
        const difference = await backend.compare(plan);
        const counts = await backend.countDenied();
        const { pending, heldSince, current } = folder.read();
        const warnings = warningsOf(data, complete, heldSince, pending?.deadlineMs);
        if (options.json) {
          await writeJson({
            backend: backend.name,
            reason,
            healthy: !differs(difference),
            appliedAt: current?.appliedAt ?? null,
            drift: { rules: difference.rules, lists: listChanges(difference) },
            lists: sizesOf(plan),
            denied: counts,
            warnings,
          });
        } else {
          await writeOut([`backend: ${backend.name} (${reason})\n`]);
          await writeOut([
            `applied: ${current?.appliedAt ?? 'never'}\n`,
            ...driftLines(difference),
          ]);
          await writeTable(
            ['list', 'ranges', 'ranges v6'],
            sizesOf(plan).map(({ list, ranges4, ranges6 }) => [list, ranges4, ranges6]),
          );
          await writeTable(
            ['rule', 'list', 'packets', 'bytes'],
            counts.map(({ rule, list, packets, bytes }: DenyCount) => [rule, list, packets, bytes]),
          );
          await writeOut(warnings.map((text) => `warning: ${text}\n`));
        }
        return exitOf(difference, warnings);
      }),
    );
};

function exitOf(difference: Difference, warnings: readonly string[]): ExitCode {
  if (differs(difference)) return EXIT.failed;
  return warnings.length > 0 ? EXIT.partial : EXIT.done;
}

function driftLines(difference: Difference): string[] {
  const lines = changeLines(difference);
  if (lines.length === 0) return ['the kernel holds what it should\n'];
  return lines.map((line) => `drift: ${line}\n`);
}

function sizesOf(plan: Plan): { list: string; ranges4: number; ranges6: number }[] {
  return [...plan.lists].map(([list, { v4, v6 }]) => ({
    list,
    ranges4: v4.length,
    ranges6: v6.length,
  }));
}

function warningsOf(
  data: CountryData,
  complete: boolean,
  heldSince: string | undefined,
  deadlineMs: number | undefined,
): string[] {
  const warnings: string[] = [];
  const ageDays = data.timeMs === undefined ? 0 : (Date.now() - data.timeMs) / DAY_MS;
  if (ageDays > OLD_DAYS)
    warnings.push(`the newest registry file is ${ageDays.toFixed(0)} days old`);
  if (!complete) warnings.push('lists lack lines or feeds; see above');
  if (heldSince !== undefined) {
    warnings.push(`rolled back at ${heldSince}: unattended runs do not apply until you do`);
  }
  if (deadlineMs !== undefined) {
    warnings.push(`waiting for \`sekisho confirm\` until ${new Date(deadlineMs).toISOString()}`);
  }
  return warnings;
}
