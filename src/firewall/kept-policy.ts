import type { FirewallConfig } from '../config/schema.js';
import type { AddressSet } from '../ip/address-set.js';
import type { Family } from '../ip/family.js';
import { RangeSet } from '../ip/range-set.js';
import type { TimedAddressSet } from '../ip/timed-address-set.js';
import { TimedRanges } from '../ip/timed-ranges.js';
import type { PolicyInput } from '../policy/compile.js';
import type { Plan } from '../policy/plan.js';

/** From what the plan of a generation was made, kept with it so that one list of it can be changed. */
export interface KeptPolicy extends PolicyInput {
  readonly times: ReadonlyMap<string, TimedAddressSet>;
}

/** One list that is kept by hand, as a generation has it. */
export interface HandMadeList {
  /** The list's file. */
  readonly path: string;
  /** What the kernel was told to hold, with all ends. */
  readonly held: TimedAddressSet;
  /** What the file said at that time: only what it says differently since is a change by hand. */
  readonly seen: TimedAddressSet;
}

export type HandMadeLists = ReadonlyMap<string, HandMadeList>;

/** Names of the files in the folder of a generation; the boot loads neither. */
export const POLICY_FILE = 'policy.json';
export const HAND_MADE_FILE = 'hand-made.json';

export function policyText(firewall: FirewallConfig, { lists, times }: Plan): string {
  return JSON.stringify({
    format: 1,
    firewall,
    lists: Object.fromEntries([...lists].map(([name, set]) => [name, packSet(set)])),
    times: Object.fromEntries([...times].map(([name, set]) => [name, packTimed(set)])),
  });
}

/** What `policyText` wrote. @throws Error where it is something else */
export function readPolicyText(text: string): KeptPolicy {
  const kept = JSON.parse(text) as {
    readonly format?: unknown;
    readonly firewall: FirewallConfig;
    readonly lists: Record<string, PackedSet>;
    readonly times: Record<string, PackedTimed>;
  };
  if (kept.format !== 1) throw new Error('found no policy; expected format 1');
  return {
    firewall: kept.firewall,
    lists: new Map(Object.entries(kept.lists).map(([name, set]) => [name, unpackSet(set)])),
    times: new Map(Object.entries(kept.times).map(([name, set]) => [name, unpackTimed(set)])),
  };
}

export function handMadeText(lists: HandMadeLists): string {
  const packed = [...lists].map(
    ([name, { path, held, seen }]) =>
      [
        name,
        { path, held: packTimed(held), ...(held !== seen && { seen: packTimed(seen) }) },
      ] as const,
  );
  return JSON.stringify({ format: 1, lists: Object.fromEntries(packed) });
}

/** What `handMadeText` wrote. @throws Error where it is something else */
export function readHandMadeText(text: string): HandMadeLists {
  const { format, lists } = JSON.parse(text) as {
    readonly format?: unknown;
    readonly lists: Record<string, { path: string; held: PackedTimed; seen?: PackedTimed }>;
  };
  if (format !== 1) throw new Error('found no lists; expected format 1');
  return new Map(
    Object.entries(lists).map(([name, { path, held: packed, seen }]) => {
      const held = unpackTimed(packed);
      return [name, { path, held, seen: seen === undefined ? held : unpackTimed(seen) }];
    }),
  );
}

/** First and last addresses, and ends, as the bytes of their columns in base64. */
type Packed = readonly [firsts: string, lasts: string];
type PackedSet = readonly [v4: Packed, v6: Packed];
type PackedWithEnds = readonly [firsts: string, lasts: string, endsMs: string];
type PackedTimed = readonly [v4: PackedWithEnds, v6: PackedWithEnds];

function packSet({ v4, v6 }: AddressSet): PackedSet {
  return [packRanges(v4), packRanges(v6)];
}

function packRanges({ firsts, lasts }: Pick<RangeSet, 'firsts' | 'lasts'>): Packed {
  return [base64(firsts), base64(lasts)];
}

function packTimed({ v4, v6 }: TimedAddressSet): PackedTimed {
  return [
    [...packRanges(v4), base64(v4.endsMs)],
    [...packRanges(v6), base64(v6.endsMs)],
  ];
}

function unpackSet([v4, v6]: PackedSet): AddressSet {
  const unpacked = (family: Family, [firsts, lasts]: Packed): RangeSet =>
    new RangeSet(family, wordsIn(firsts), wordsIn(lasts));
  return { v4: unpacked(4, v4), v6: unpacked(6, v6) };
}

function unpackTimed([v4, v6]: PackedTimed): TimedAddressSet {
  const unpacked = (family: Family, [firsts, lasts, ends]: PackedWithEnds): TimedRanges =>
    new TimedRanges(family, wordsIn(firsts), wordsIn(lasts), new Float64Array(bytesIn(ends)));
  return { v4: unpacked(4, v4), v6: unpacked(6, v6) };
}

function base64({ buffer, byteOffset, byteLength }: Uint32Array | Float64Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

function wordsIn(text: string): Uint32Array {
  return new Uint32Array(bytesIn(text));
}

/** In a buffer of its own, since columns of numbers begin at multiples of their size. */
function bytesIn(text: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(text, 'base64')).buffer;
}
