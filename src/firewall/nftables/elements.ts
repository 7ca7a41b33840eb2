import type { Family } from '../../ip/family.js';
import { flatten, type TimedRange } from '../../ip/flatten.js';
import { NEVER } from '../../ip/timed-ranges.js';
import { parseAddress } from '../../ip/address.js';
import { parseRange } from '../../ip/notation.js';
import type { RangeSet } from '../../ip/range-set.js';
import { RangeSetBuilder } from '../../ip/range-set-builder.js';
import { rangeText } from '../../formats/text.js';
import { type ElementRanges, secondsLeft } from '../element-ranges.js';
import type { HeldTimes } from '../end-difference.js';
import { TABLE } from './names.js';
import { list, runScript } from './nft.js';

/** A change to the elements of one set. */
export interface ElementChange {
  readonly set: string;
  /** Whether the set is emptied first. */
  readonly flush: boolean;
  /** What has ended meanwhile is left out. */
  readonly add: ElementRanges;
  readonly remove: ElementRanges;
}

/** A way to read and write the elements of interval sets in our table. */
export interface ElementPath {
  /** How it is done, for `status` and tests. */
  readonly name: 'netlink' | 'nft';
  /**
   * Whether our table is in the kernel, where that can be told without a listing; undefined where
   * it cannot. @throws SystemError where nf_tables cannot be used here
   */
  tableStands(): boolean | undefined;
  /** A hash of chains and rules, where it can be told without a listing. @throws SystemError */
  sealRules(): string | undefined;
  read(set: string, family: Family): Promise<RangeSet>;
  /** The same of a set whose elements may have ends. */
  readTimed(set: string, family: Family): Promise<HeldTimes>;
  /**
   * Makes ready what the function that it returns then does: all changes in one transaction.
   * That one throws SystemError where the kernel refuses, which is unchanged then.
   */
  prepare(changes: readonly ElementChange[]): () => Promise<void>;
}

/** Through the program nft: slower, and always there. */
export const nftElements: ElementPath = {
  name: 'nft',

  tableStands: () => undefined,

  sealRules: () => undefined,

  async read(set, family) {
    const builder = new RangeSetBuilder(family);
    for (const element of await listElements(set)) {
      const { first, last } = rangeOfElement(element);
      builder.add(first, 0, last, 0);
    }
    return builder.build();
  },

  async readTimed(set, family) {
    const fromMs = Date.now();
    const elements = await listElements(set);
    const ranges = elements.map((element): TimedRange => {
      const { elem } = element as { elem?: { expires?: number } };
      const endMs = elem?.expires === undefined ? NEVER : fromMs + elem.expires * 1000;
      return { ...rangeOfElement(element), endMs };
    });
    return { ranges: flatten(family, ranges), fromMs, toMs: Date.now() };
  },

  prepare(changes) {
    const lines: string[] = [];
    const nowMs = Date.now();
    for (const { set, flush, add, remove } of changes) {
      const name = `${TABLE.family} ${TABLE.name} ${set}`;
      if (flush) lines.push(`flush set ${name}`);
      const [gone, come] = [elementTexts(remove), timedTexts(add, nowMs)];
      if (gone.length > 0) lines.push(`delete element ${name} { ${gone.join(', ')} }`);
      if (come.length > 0) lines.push(`add element ${name} { ${come.join(', ')} }`);
    }
    const script = lines.join('\n') + '\n';
    return async () => {
      if (lines.length > 0) await runScript(script);
    };
  },
};

async function listElements(set: string): Promise<unknown[]> {
  const objects = (await list('list', 'set', TABLE.family, TABLE.name, set)) ?? [];
  return objects.flatMap((object) => {
    const { elem = [] } = (object['set'] ?? {}) as { elem?: unknown[] };
    return elem;
  });
}

function elementTexts(set: ElementRanges): string[] {
  const texts: string[] = [];
  for (let i = 0; i < set.firsts.length; i += set.words) texts.push(rangeText(set, i));
  return texts;
}

/** With what is left of each. */
function timedTexts(set: ElementRanges, nowMs: number): string[] {
  return elementTexts(set).flatMap((text, i) => {
    const seconds = secondsLeft(set, i, nowMs);
    if (seconds === undefined) return [text];
    return seconds > 0 ? [`${text} timeout ${timeText(seconds)}`] : [];
  });
}

const DAY_SECONDS = 86_400;

/** nft refuses a number of more than eight digits, so days are told apart. */
function timeText(seconds: number): string {
  return `${Math.floor(seconds / DAY_SECONDS)}d${seconds % DAY_SECONDS}s`;
}

/** `"192.0.2.1"`, `{ prefix: { addr, len } }`, `{ range: [a, b] }`, or one of these in `{ elem: { val } }`. */
function rangeOfElement(element: unknown): { first: Uint32Array; last: Uint32Array } {
  const text = textOfElement(element);
  const range = parseRange(text);
  if (!('expected' in range)) return range;
  const address = parseAddress(text); // an IPv4-mapped address that somebody else put there
  if (!('expected' in address)) return { first: address.words, last: address.words };
  throw new Error(`element ${JSON.stringify(element)} of a set of ours is no range`);
}

function textOfElement(element: unknown): string {
  if (typeof element === 'string') return element;
  const { prefix, range, elem } = element as {
    prefix?: { addr: string; len: number };
    range?: [string, string];
    elem?: { val: unknown };
  };
  if (prefix) return `${prefix.addr}/${prefix.len}`;
  if (range) return range.join('-');
  return textOfElement(elem?.val);
}
