import { userInfo } from 'node:os';

import type { LoadedConfig } from '../config/load.js';
import { formatWords } from '../ip/address.js';
import {
  type AddressSet,
  EMPTY_ADDRESS_SET,
  addressSetOf,
  setOfFamily,
} from '../ip/address-set.js';
import { intersect } from '../ip/algebra.js';
import { bitsOf } from '../ip/family.js';
import { type AddressRange, parseRange } from '../ip/notation.js';
import { rangeSetFromColumns } from '../ip/range-set-builder.js';
import { sizeExponent } from '../ip/words.js';
import type { List } from '../lists/catalogue.js';
import { neighboursOf } from '../lists/definitions.js';
import { addressesOf, parseManualList } from '../lists/manual.js';
import { PRIVATE_RANGES } from '../ip/private-ranges.js';
import { UsageError } from '../util/errors.js';
import { manualListFile, readListText } from './edit-list.js';

/** A word of the command line that names addresses. */
export interface Target {
  readonly text: string;
  readonly range: AddressRange;
}

/** @throws UsageError for the first word that names no addresses */
export function readTargets(words: readonly string[]): Target[] {
  return words.map((text) => {
    const range = parseRange(text);
    if (!('expected' in range)) return { text, range };
    throw new UsageError(`found ${JSON.stringify(text)}; expected ${range.expected}`);
  });
}

/** Who runs this, also behind sudo and doas; by number where no account has it (containers). */
export function authorName(environment: NodeJS.ProcessEnv): string {
  const behind = environment['SUDO_USER'] ?? environment['DOAS_USER'];
  if (behind !== undefined) return behind;
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/**
 * Why addresses should not be blocked by hand; a line each.
 *
 * @param sessions addresses of people who are logged in here
 * @param made lists that are not read from a file alone, see {@link allowListsToMake}
 */
export function blockingDangers(
  loaded: LoadedConfig,
  targets: readonly Target[],
  sessions: readonly AddressRange[],
  made: ReadonlyMap<string, List> = new Map(),
): string[] {
  const guarded: readonly (readonly [what: string, addresses: AddressSet])[] = [
    ['an address of firewall.admins', addressSetOf(adminRanges(loaded))],
    ['the address of a session that is logged in here', addressSetOf(sessions)],
    ...allowLists(loaded).map(
      (name) =>
        [
          `an address of list ${name}, which is always let in`,
          made.get(name)?.addresses ?? listAddresses(loaded, name),
        ] as const,
    ),
    ['a private or loopback address', PRIVATE_RANGES],
  ];
  return targets.flatMap((target) => [
    ...guarded.flatMap(([what, addresses]) => {
      const met = meeting(target.range, addresses);
      return met === undefined ? [] : [`${target.text} holds ${what}: ${met}`];
    }),
    ...sizeDanger(loaded, target),
  ]);
}

/** Lists whose addresses pass whatever else is said, of firewall and DNSBL. */
function allowLists({ config }: LoadedConfig): string[] {
  const zones = config.dnsbl?.zones ?? [];
  return [...new Set([...(config.firewall?.allow ?? []), ...zones.flatMap((zone) => zone.allow)])];
}

/** Of the lists whose addresses pass, those that have to be made: of countries, feeds, other lists. */
export function allowListsToMake(loaded: LoadedConfig): string[] {
  const { lists } = loaded.config;
  return allowLists(loaded).filter((name) => {
    const definition = Object.hasOwn(lists, name) ? lists[name] : undefined;
    if (definition === undefined) return false;
    return definition.file === undefined || neighboursOf(definition).length > 0;
  });
}

function adminRanges({ config }: LoadedConfig): AddressRange[] {
  return (config.firewall?.admins ?? []).flatMap((text) => {
    const range = parseRange(text);
    // what is no address is told by whoever compiles the firewall
    return 'expected' in range ? [] : [range];
  });
}

/** Of a list that is not kept by hand nothing is known here. */
function listAddresses(loaded: LoadedConfig, name: string): AddressSet {
  const { lists } = loaded.config;
  if (!Object.hasOwn(lists, name) || lists[name]?.file === undefined) return EMPTY_ADDRESS_SET;
  const text = readListText(manualListFile(loaded, name));
  return addressesOf(parseManualList(text).entries, Date.now());
}

function sizeDanger({ config }: LoadedConfig, { text, range }: Target): string[] {
  const { family, first, last } = range;
  const limit = family === 4 ? config.limits.block : config.limits.block6;
  const exponent = sizeExponent(first, 0, last, 0, first.length);
  if (exponent <= bitsOf(family) - limit) return [];
  return [
    `${text} is larger than a /${limit}, the limit of limits.${family === 4 ? 'block' : 'block6'}`,
  ];
}

/** The first address that is in both. */
function meeting({ family, first, last }: AddressRange, set: AddressSet): string | undefined {
  const common = intersect(rangeSetFromColumns(family, first, last), setOfFamily(set, family));
  return common.isEmpty ? undefined : formatWords(family, common.firsts, 0);
}
