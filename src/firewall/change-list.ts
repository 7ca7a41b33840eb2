import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { LoadedConfig } from '../config/load.js';
import type { AddressSet } from '../ip/address-set.js';
import { FAMILIES, type Family, wordsOf } from '../ip/family.js';
import type { RangeSet } from '../ip/range-set.js';
import { changeElements } from '../linux/change-elements.js';
import { KernelError } from '../linux/errno.js';
import { available } from '../linux/native.js';
import { exactDifference } from '../linux/nf-tables/difference.js';
import { readElements } from '../linux/read-elements.js';
import { neighboursOf } from '../lists/definitions.js';
import { DEFAULT_BLOCKED } from '../policy/compile.js';
import type { FirewallFolder, FirewallMemory, Generation } from './generations.js';
import { BOOT_FILE, withElements } from './nftables/boot.js';
import { TABLE, listSet } from './nftables/names.js';
import { netlinkElements } from './nftables/netlink-elements.js';

/** What a manual list held, and what it is to hold from now on; entries that end do not count. */
export interface ListChange {
  readonly list: string;
  readonly before: AddressSet;
  readonly after: AddressSet;
}

export type ListChangeOutcome =
  | {
      readonly done: true;
      /**
       * Brings the files for the next boot up to date; to be called before the lock is let go.
       * Until then they are marked as behind, and the next apply writes them.
       */
      readonly writeBoot: () => void;
    }
  /** Nothing was done, and why not: make a full apply instead. */
  | { readonly done: false; readonly reason: string };

/**
 * Changes one manual list in the kernel and nothing else: some milliseconds where an apply has to
 * read every list. Only where everything is as the last apply left it, and where no other set or
 * rule depends on the list. The caller has edited the list's file and holds the lock of the state;
 * afterwards `status` finds no drift, and the next apply nothing to do.
 *
 * @throws SystemError where the state folder refuses
 */
export function changeList(
  { config }: Pick<LoadedConfig, 'config'>,
  folder: FirewallFolder,
  change: ListChange,
): ListChangeOutcome {
  const memory = folder.read();
  const { current } = memory;
  const reason = obstacleIn(config, change) ?? obstacleInMemory(config, memory);
  if (reason !== undefined) return { done: false, reason };
  if (current === undefined) throw new Error('a memory without generation was not found out');
  const missing = available();
  if (!missing.ok) return { done: false, reason: missing.reason };
  try {
    const drift = driftOf(current, change);
    if (drift !== undefined) return { done: false, reason: drift };
    // whoever dies in between leaves files that are behind: the next apply writes them
    folder.write({ ...memory, unfinished: true });
    changeElements(FAMILIES.map((family) => elementChange(change, family)));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    folder.write(memory);
    return { done: false, reason: error.message };
  }
  return {
    done: true,
    writeBoot: () => {
      rewriteBoot(folder, current, change);
      folder.write(memory);
    },
  };
}

/** A hash of what the configuration says about lists and the firewall. */
export function configurationHash({ config }: Pick<LoadedConfig, 'config'>): string {
  const { lists, firewall } = config;
  const text = JSON.stringify({ lists, firewall });
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

type Config = LoadedConfig['config'];

/** Why the list is more than a set of its own. */
function obstacleIn(
  { lists, firewall }: Config,
  { list, before, after }: ListChange,
): string | undefined {
  const definition = lists[list];
  if (definition?.file === undefined) return `list ${list} is not kept in a file`;
  if (neighboursOf(definition).length > 0) return `list ${list} is joined with other lists`;
  const dependent = Object.entries(lists).find(([, other]) => neighboursOf(other).includes(list));
  if (dependent) return `list ${dependent[0]} is made from list ${list}`;
  const blocked = firewall?.blocked ?? [DEFAULT_BLOCKED];
  const others = [
    ...(firewall?.allow ?? []),
    ...(firewall?.rules ?? []).flatMap((rule) => [
      ...(rule.deny ?? []),
      ...(rule.only ?? []),
      ...rule.except,
    ]),
  ];
  if (!others.includes(list)) {
    return blocked.includes(list) ? undefined : `the firewall does not use list ${list}`;
  }
  // rules speak only of families in which a list has addresses
  const isFilled = FAMILIES.every(
    (family) => of(before, family).isEmpty === of(after, family).isEmpty,
  );
  return isFilled ? undefined : `the rules change where list ${list} begins or ends to be empty`;
}

function obstacleInMemory(config: Config, memory: FirewallMemory): string | undefined {
  const { current, pending, heldSince, unfinished } = memory;
  if (current === undefined) return 'nothing was applied yet';
  if (current.backend !== 'nftables') return `the backend is ${current.backend}`;
  if (pending !== undefined) return 'the last apply waits for a confirmation';
  if (heldSince !== undefined) return `the firewall was rolled back at ${heldSince}`;
  if (unfinished !== undefined) return 'the last apply was cut off';
  if (current.seal === undefined) return 'the last apply left no seal';
  return current.seal.configuration === configurationHash({ config })
    ? undefined
    : 'the configuration has changed since the last apply';
}

/** How the kernel differs from what the last apply left. @throws KernelError */
function driftOf({ seal }: Generation, { list, before }: ListChange): string | undefined {
  if (netlinkElements.sealRules() !== seal?.rules) return 'the rules in the kernel were changed';
  for (const family of FAMILIES) {
    const name = { table: TABLE.name, set: listSet(list, family), words: wordsOf(family) };
    const held = readElements(name);
    if (held.details.size > 0) return `set ${name.set} has elements that end`;
    const { add, remove } = exactDifference(held, of(before, family), name.words);
    if (add.firsts.length + remove.firsts.length > 0) {
      return `set ${name.set} does not hold what the list held`;
    }
  }
  return undefined;
}

function elementChange(
  { list, before, after }: ListChange,
  family: Family,
): Parameters<typeof changeElements>[0][number] {
  const words = wordsOf(family);
  const difference = exactDifference(of(before, family), of(after, family), words);
  return { table: TABLE.name, set: listSet(list, family), words, ...difference };
}

function rewriteBoot(
  folder: FirewallFolder,
  current: Generation,
  { list, after }: ListChange,
): void {
  const path = join(folder.generationFolder(current), BOOT_FILE);
  let text: string | undefined = readFileSync(path, 'utf8');
  for (const family of FAMILIES) {
    text = withElements(text, listSet(list, family), of(after, family));
    if (text === undefined) throw new Error(`${path} has no set of list ${list}`);
  }
  folder.rewrite(current, BOOT_FILE, text);
}

function of({ v4, v6 }: AddressSet, family: Family): RangeSet {
  return family === 4 ? v4 : v6;
}
