import * as command from './commands.js';
import { fillingOf } from './element-changes.js';
import type { ElementPath } from './elements.js';
import { listMadeTable } from './listing.js';
import { type Written, marksOf, wantedHash } from './marks.js';
import { runCommands } from './nft.js';
import type { NftRuleset } from './ruleset.js';

/** Makes all of the boot file but the marks, which the function that it returns takes and writes. */
export type MakeReady = () => (marks: string) => void;

/**
 * Makes the table where there is none: everything without hooks, sets are filled, and the hooks
 * are added last, in one transaction. Work of ours goes on beside nft's and the kernel's.
 *
 * @throws SystemError with no table left behind
 */
export async function makeTable(
  ruleset: NftRuleset,
  elements: ElementPath,
  makeReady: MakeReady,
): Promise<Written> {
  const making = runCommands([command.createTable(), ...command.makeObjects(ruleset)]);
  const preparing = new Promise<() => Promise<void>>((resolve) => {
    resolve(elements.prepare(fillingOf(ruleset.sets))); // while nft is at work
  });
  awaitLater(preparing);
  await making;
  try {
    const fill = await preparing;
    // nft reads every element for a terse listing too: begun before the kernel takes them
    const listing = listMadeTable();
    awaitLater(listing);
    const filling = fill();
    awaitLater(filling);
    try {
      const write = makeReady(); // while both are at work
      const marks = marksOf(ruleset, await listing);
      write(marks);
      await filling;
      const hooks = ruleset.hooks.flatMap(command.addHook);
      await runCommands([...hooks, ...command.writeMarks(marks)]);
      return { wanted: wantedHash(ruleset), marks };
    } finally {
      await filling; // nothing is undone before that is done
    }
  } catch (error) {
    // what was made has no hook and judged nothing: take it away again
    await runCommands(command.removeTable());
    throw error;
  }
}

/** For work that goes on while this waits for other work: until it is awaited, a failure is kept. */
function awaitLater(work: Promise<unknown>): void {
  work.catch(() => undefined);
}
