import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { LoadedConfig } from '../config/load.js';
import { FAMILIES, type Family } from '../ip/family.js';
import type { RangeSet } from '../ip/range-set.js';
import { permanentSet, timedOf } from '../ip/timed-address-set.js';
import type { TimedRanges } from '../ip/timed-ranges.js';
import { changeElements } from '../linux/change-elements.js';
import { KernelError } from '../linux/errno.js';
import { available } from '../linux/native.js';
import { isMadeOf, neighboursOf } from '../lists/definitions.js';
import type { Contents } from '../lists/manual.js';
import { DEFAULT_BLOCKED } from '../policy/compile.js';
import { type HeldTimes, endDifference } from './end-difference.js';
import type { FirewallFolder, FirewallMemory, Generation } from './generations.js';
import { BOOT_FILE, withElements } from './nftables/boot.js';
import { changeOf } from './nftables/element-changes.js';
import { listSet } from './nftables/names.js';
import { netlinkElements, readTimedElements, setChanges } from './nftables/netlink-elements.js';

/** What a manual list held, and what it is to hold from now on. */
export interface ListChange {
  readonly list: string;
  readonly before: Contents;
  readonly after: Contents;
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
  if (!isInFirewall(config, change.list)) return { done: true, writeBoot: () => undefined };
  const memory = folder.read();
  const { current } = memory;
  const reason = obstacleIn(config, change) ?? obstacleInMemory(config, memory);
  if (reason !== undefined) return { done: false, reason };
  if (current === undefined) throw new Error('a memory without generation was not found out');
  const missing = available();
  if (!missing.ok) return { done: false, reason: missing.reason };
  try {
    if (netlinkElements.sealRules() !== current.seal?.rules) {
      return { done: false, reason: 'the rules in the kernel were changed' };
    }
    const held = readSets(change);
    const drift = driftOf(change, held);
    if (drift !== undefined) return { done: false, reason: drift };
    const changes = setChanges(
      [...held].flatMap(([family, holds]) => {
        const difference = endDifference(change.list, rangesOf(change.after, family), holds);
        return difference ? [changeOf(difference)] : [];
      }),
    );
    if (changes.length === 0) return { done: true, writeBoot: () => undefined };
    // whoever dies in between leaves files that are behind: the next apply writes them
    folder.markBehind();
    changeElements(changes);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    folder.clearBehind();
    return { done: false, reason: error.message };
  }
  return {
    done: true,
    writeBoot: () => {
      rewriteBoot(folder, current, change);
      rewriteHandMade(folder, current, change);
      folder.clearBehind();
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

/** The lists that the firewall names: those that are denied on all ports, and the rest. */
function namedLists(firewall: Config['firewall']): {
  readonly blocked: readonly string[];
  readonly others: readonly string[];
} {
  const rules = firewall?.rules ?? [];
  return {
    blocked: firewall?.blocked ?? [DEFAULT_BLOCKED],
    others: [
      ...(firewall?.allow ?? []),
      ...rules.flatMap(({ deny = [], only = [], except }) => [...deny, ...only, ...except]),
    ],
  };
}

/** Whether the firewall names the list, or one that is made from it; others are the DNSBL's. */
export function isInFirewall({ lists, firewall }: Config, list: string): boolean {
  const { blocked, others } = namedLists(firewall);
  return [...blocked, ...others].some((name) => isMadeOf(lists, name, list));
}

/** How sets hold more than what a person keeps in the list's file; undefined where they do not. */
export function joinedWith(lists: Config['lists'], list: string): string | undefined {
  const definition = lists[list];
  if (definition?.file === undefined) return `list ${list} is not kept in a file`;
  if (neighboursOf(definition).length > 0) return `list ${list} is joined with other lists`;
  const dependent = Object.entries(lists).find(([, other]) => neighboursOf(other).includes(list));
  return dependent && `list ${dependent[0]} is made from list ${list}`;
}

/** Why the list is more than a set of its own. */
function obstacleIn(
  { lists, firewall }: Config,
  { list, before, after }: ListChange,
): string | undefined {
  const joined = joinedWith(lists, list);
  if (joined !== undefined) return joined;
  const { blocked, others } = namedLists(firewall);
  if (blocked.includes(list)) {
    if (!others.includes(list)) return undefined;
  } else if ((before.times === undefined) !== (after.times === undefined)) {
    return `the set of list ${list} begins or ends to have elements that end`;
  }
  // rules speak only of families in which a list names addresses, and `only` needs one in force
  const isFilled = FAMILIES.every(
    (family) =>
      rangesOf(before, family).isEmpty === rangesOf(after, family).isEmpty &&
      addressesIn(before, family).isEmpty === addressesIn(after, family).isEmpty,
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

/** @throws KernelError */
function readSets({ list }: ListChange): Map<Family, HeldTimes> {
  return new Map(
    FAMILIES.map((family) => [family, readTimedElements(listSet(list, family), family)]),
  );
}

/** How the sets differ from what the last apply left. */
function driftOf(
  { list, before }: ListChange,
  held: ReadonlyMap<Family, HeldTimes>,
): string | undefined {
  for (const [family, holds] of held) {
    if (endDifference(list, rangesOf(before, family), holds) === undefined) continue;
    return `set ${listSet(list, family)} does not hold what the list held`;
  }
  return undefined;
}

function rewriteBoot(
  folder: FirewallFolder,
  current: Generation,
  { list, after }: ListChange,
): void {
  const path = join(folder.generationFolder(current), BOOT_FILE);
  let file: Buffer | undefined = readFileSync(path);
  for (const family of FAMILIES) {
    const timed = rangesOf(after, family);
    const set = { name: listSet(list, family), ranges: timed.addresses(), timed };
    file = withElements(file, set, Date.now());
    if (file === undefined) throw new Error(`${path} has no set of list ${list}`);
  }
  folder.rewrite(current, BOOT_FILE, file);
}

/** What a roll-back to this generation would bring back. */
function rewriteHandMade(
  folder: FirewallFolder,
  current: Generation,
  { list, after: { addresses, times = permanentSet(addresses) } }: ListChange,
): void {
  const lists = folder.readHandMade(current);
  const known = lists?.get(list);
  if (lists === undefined || known === undefined) return;
  const changed = { ...known, held: times, seen: times };
  folder.writeHandMade(current, new Map(lists).set(list, changed));
}

/** All that is named, with its ends. */
function rangesOf(
  { addresses, times = permanentSet(addresses) }: Contents,
  family: Family,
): TimedRanges {
  return timedOf(times, family);
}

function addressesIn({ addresses: { v4, v6 } }: Contents, family: Family): RangeSet {
  return family === 4 ? v4 : v6;
}
