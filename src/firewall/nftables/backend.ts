import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Plan } from '../../policy/plan.js';
import { SystemError, messageOf } from '../../util/errors.js';
import { findProgram } from '../../util/programs.js';
import type { Backend, DenyCount, Difference, Hit } from '../backend.js';
import { applyRuleset } from './apply.js';
import { BOOT_FILE, bootRuleset, bootRulesetAt, prepareBootRuleset } from './boot.js';
import { removeTable } from './commands.js';
import { compareTable } from './compare.js';
import { countDenied, listHits } from './counts.js';
import type { ElementPath } from './elements.js';
import { listTable } from './listing.js';
import type { MakeReady } from './make-table.js';
import { type Written, wantedHash } from './marks.js';
import { TABLE } from './names.js';
import { list, nft, reason, runCommandText, runCommands } from './nft.js';
import { rulesetOf } from './ruleset.js';

/**
 * The table `inet sekisho`. Rules, chains and sets are made by libnftables JSON; elements go
 * by the element path. Nothing is referred to before it is filled.
 */
export class NftablesBackend implements Backend {
  readonly name = 'nftables';
  readonly #elements: ElementPath;
  /** What this process wrote last, so that the boot file needs no listing of its own. */
  #written: Written | undefined;

  constructor(elements: ElementPath) {
    this.#elements = elements;
  }

  async findObstacle(): Promise<string | undefined> {
    if (findProgram('nft') === undefined) return 'the program nft is missing';
    try {
      if (this.#elements.tableStands() !== undefined) return undefined;
    } catch (error) {
      if (error instanceof SystemError) return error.message;
      throw error;
    }
    const { code, stderr } = await nft(['list', 'tables']);
    return code === 0 ? undefined : `nft cannot list tables: ${reason(stderr)}`;
  }

  async compare(plan: Plan): Promise<Difference> {
    return withHint(() => compareTable(rulesetOf(plan), this.#elements));
  }

  async apply(
    plan: Plan,
    difference: Difference,
    prepareBoot?: (files: ReadonlyMap<string, string>) => void,
  ): Promise<void> {
    this.#written = undefined;
    const makeReady: MakeReady = () => {
      const textWith = prepareBoot && prepareBootRuleset(plan, Date.now());
      return (marks) => textWith && prepareBoot(new Map([[BOOT_FILE, textWith(marks)]]));
    };
    this.#written = await withHint(() =>
      applyRuleset(rulesetOf(plan), difference, this.#elements, makeReady),
    );
  }

  async flush(): Promise<void> {
    this.#written = undefined;
    await runCommands(removeTable());
  }

  async bootFiles(plan: Plan): Promise<ReadonlyMap<string, string>> {
    const isWritten = this.#written?.wanted === wantedHash(rulesetOf(plan));
    const marks = isWritten ? this.#written?.marks : (await listTable())?.marks;
    return new Map([[BOOT_FILE, bootRuleset(plan, marks, Date.now())]]);
  }

  async loadBoot(folder: string): Promise<void> {
    this.#written = undefined;
    await runCommandText(bootRulesetAt(readBootFile(join(folder, BOOT_FILE)), Date.now()));
  }

  sealRules(): string | undefined {
    return this.#elements.sealRules();
  }

  async countDenied(): Promise<DenyCount[]> {
    const counters = await list('list', 'counters', 'table', TABLE.family, TABLE.name);
    return countDenied(counters ?? []);
  }

  async listHits(): Promise<Hit[]> {
    const listing = await listTable();
    return listHits([...(listing?.sets.keys() ?? [])]);
  }
}

/** Tells where an error may come from what others put into our table, and what helps. */
async function withHint<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const foreign = (await listTable())?.foreign ?? [];
    if (foreign.length === 0) throw error;
    throw new SystemError(
      `${messageOf(error)}; the table inet sekisho holds what others put there ` +
        `(${foreign.join(', ')}): \`sekisho flush\` takes the table away, and \`sekisho apply\` ` +
        'makes it anew',
      { cause: error },
    );
  }
}

function readBootFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SystemError(
      `${path} cannot be read: ${messageOf(error)}; expected what an apply wrote there`,
    );
  }
}
