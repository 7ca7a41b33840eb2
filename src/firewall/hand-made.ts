import { readFileSync } from 'node:fs';

import type { LoadedConfig } from '../config/load.js';
import { FAMILIES, type Family } from '../ip/family.js';
import { type TimedAddressSet, permanentSet, timedOf } from '../ip/timed-address-set.js';
import { type TimedRanges, TimedRangesBuilder, overlay } from '../ip/timed-ranges.js';
import { neighboursOf } from '../lists/definitions.js';
import { contentsOf, parseManualList } from '../lists/manual.js';
import { messageOf } from '../util/errors.js';
import type { HandMadeLists } from './kept-policy.js';

/** Files of the lists that are nothing but what a person keeps in them, by name. */
export function handMadeFiles({
  config,
  resolvePath,
}: Pick<LoadedConfig, 'config' | 'resolvePath'>): Map<string, string> {
  return new Map(
    Object.entries(config.lists).flatMap(([name, definition]) =>
      definition.file === undefined || neighboursOf(definition).length > 0
        ? []
        : [[name, resolvePath(definition.file)] as const],
    ),
  );
}

/** All that a list's file names, with its ends, or why it cannot be said. */
export function readHandMade(path: string): TimedAddressSet | { readonly fault: string } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { fault: messageOf(error) };
  }
  const { entries, faults } = parseManualList(text);
  const [fault] = faults;
  // as everywhere: a bad line is left out, and where there is no other one the list stays
  if (fault !== undefined && entries.length === 0) {
    return { fault: `${path}:${fault.line}: found ${fault.found}; expected ${fault.expected}` };
  }
  const { addresses, times = permanentSet(addresses) } = contentsOf(entries, Date.now());
  return times;
}

/** The same lists, where what files say now is what was to be held. */
export function seenNow(lists: HandMadeLists): HandMadeLists {
  return new Map(
    [...lists].map(([name, list]) => {
      const now = readHandMade(list.path);
      return [name, 'fault' in now ? list : { ...list, seen: now }];
    }),
  );
}

/**
 * What a list holds after changes by hand: where its file says something else than it said, what it
 * says now, and what was held for all other addresses. Pure.
 */
export function followed(
  { held, seen }: { readonly held: TimedAddressSet; readonly seen: TimedAddressSet },
  now: TimedAddressSet,
): TimedAddressSet {
  const [v4, v6] = FAMILIES.map((family) => followedIn(family, held, seen, now)) as [
    TimedRanges,
    TimedRanges,
  ];
  return { v4, v6 };
}

function followedIn(
  family: Family,
  held: TimedAddressSet,
  seen: TimedAddressSet,
  now: TimedAddressSet,
): TimedRanges {
  const changed = new TimedRangesBuilder(family);
  overlay(timedOf(seen, family), timedOf(now, family), (first, last, before, after) => {
    if (before !== after) changed.add(first, 0, last, 0, after ?? GONE);
  });
  const result = new TimedRangesBuilder(family);
  overlay(timedOf(held, family), changed.build(), (first, last, endMs, change) => {
    const resultMs = change ?? endMs;
    if (resultMs !== undefined && resultMs !== GONE) result.extend(first, last, resultMs);
  });
  return result.build();
}

/** No entry ends at that time. */
const GONE = -Infinity;

/** Whether two sets hold the same addresses with the same ends. */
export function isSameTimed(a: TimedAddressSet, b: TimedAddressSet): boolean {
  let differences = 0;
  for (const family of FAMILIES) {
    overlay(timedOf(a, family), timedOf(b, family), (_first, _last, endA, endB) => {
      if (endA !== endB) differences += 1;
    });
  }
  return differences === 0;
}
