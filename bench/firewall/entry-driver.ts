import { readFileSync } from 'node:fs';

import { type LoadedConfig, loadConfig } from '../../src/config/load.js';
import { changeList } from '../../src/firewall/change-list.js';
import { FirewallFolder } from '../../src/firewall/generations.js';
import { type Contents, contentsOf, parseManualList } from '../../src/lists/manual.js';
import { writeFileAtomically } from '../../src/util/atomic-file.js';
import { takeLock } from '../../src/util/lock.js';

const LIST = 'blocked';

/**
 * What a command that blocks one address has to do: read configuration and list, take the lock,
 * write the list, change the kernel, write the boot file (with addresses two apart: neighbours would
 * become one range, and a range be taken away for it). With a number of rounds behind it, as
 * often in one process, which then prints what the kernel part and all of it took, in ms.
 *
 * @returns 0, or 3 where a full apply would be needed
 */
export async function runProgram([
  file = '',
  address = '',
  rounds = '1',
]: string[]): Promise<number> {
  const loaded = loadConfig(file);
  const state = loaded.resolvePath(loaded.config.state);
  const { lock } = await takeLock(state, { command: 'entry-driver' });
  if (lock === undefined) throw new Error('the state is locked');
  try {
    const folder = new FirewallFolder(state);
    const took: { change: number[]; whole: number[] } = { change: [], whole: [] };
    for (let round = 0; round < Number(rounds); round++) {
      const start = performance.now();
      const { before, after } = addLine(loaded, address.replace('N', String(round * 2)));
      const begin = performance.now();
      const outcome = changeList(loaded, folder, { list: LIST, before, after });
      took.change.push(performance.now() - begin);
      if (!outcome.done) {
        process.stderr.write(`${outcome.reason}\n`);
        return 3;
      }
      outcome.writeBoot();
      took.whole.push(performance.now() - start);
    }
    if (Number(rounds) > 1) process.stdout.write(`${JSON.stringify(took)}\n`);
    return 0;
  } finally {
    lock.release();
  }
}

function addLine(loaded: LoadedConfig, line: string): { before: Contents; after: Contents } {
  const path = loaded.resolvePath(loaded.config.lists[LIST]?.file ?? '');
  const text = readFileSync(path, 'utf8');
  const changed = `${text}${line}\n`;
  writeFileAtomically(path, [changed], { fsync: true });
  return { before: contentsIn(text), after: contentsIn(changed) };
}

function contentsIn(text: string): Contents {
  return contentsOf(parseManualList(text).entries, Date.now());
}
