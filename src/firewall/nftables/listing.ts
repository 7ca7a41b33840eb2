import { createHash } from 'node:crypto';

import { SystemError } from '../../util/errors.js';
import { MARK_CHAIN } from './commands.js';
import { TABLE } from './names.js';
import { type NftObject, list } from './nft.js';

/** What the kernel holds of our table, without elements. */
export interface TableListing {
  /** Sets, with what tells hit sets of other size or timeout apart. */
  readonly sets: ReadonlyMap<string, SetLimits>;
  readonly counters: ReadonlySet<string>;
  readonly chains: ReadonlySet<string>;
  /** Names of chains that have a hook. */
  readonly hooks: ReadonlySet<string>;
  /** A hash of everything but hooks, marks, handles and counts; the same rules give the same. */
  readonly hash: string;
  /** Hash of the hooks and what they jump to. */
  readonly hookHash: string;
  /** What we never make, as `map theirs`: others put it there. */
  readonly foreign: readonly string[];
  /** Whether the table has a flag, which we never set: a `dormant` one judges nothing. */
  readonly isFlagged: boolean;
  /** What `writeMarks` wrote. */
  readonly marks: string | undefined;
}

export interface SetLimits {
  readonly size: number | undefined;
  /** Seconds. */
  readonly timeout: number | undefined;
  /** Whether elements may have an end. */
  readonly isTimed: boolean;
}

/** Lists our table; undefined where there is none. @throws SystemError */
export async function listTable(): Promise<TableListing | undefined> {
  const objects = await list('-t', 'list', 'table', TABLE.family, TABLE.name);
  return objects && summarise(objects);
}

/** Lists the table while it is being made. @throws SystemError also where it went away */
export async function listMadeTable(): Promise<TableListing> {
  const listing = await listTable();
  if (listing) return listing;
  throw new SystemError('the table inet sekisho went away while it was being made');
}

interface Named {
  readonly name?: string;
  readonly chain?: string;
  readonly hook?: string;
  readonly comment?: string;
  readonly size?: number;
  readonly timeout?: number;
  readonly type?: unknown;
  readonly flags?: string | readonly string[];
}

/** Kinds of what we make, and of what nft says about the listing itself. */
const OUR_KINDS = new Set(['metainfo', 'table', 'chain', 'rule', 'set', 'counter']);
const OUR_TYPES: Readonly<Record<string, string>> = { _v4: 'ipv4_addr', _v6: 'ipv6_addr' };

function isForeign(kind: string, { name = '', type }: Named): boolean {
  if (kind !== 'set') return !OUR_KINDS.has(kind);
  return OUR_TYPES[name.slice(-3)] !== type;
}

/** Makes a summary of what nft lists; pure. */
export function summarise(objects: readonly NftObject[]): TableListing {
  const sets = new Map<string, SetLimits>();
  const names = { counter: new Set<string>(), chain: new Set<string>() };
  const hooks = new Set<string>();
  for (const object of objects) {
    for (const kind of ['set', 'counter', 'chain'] as const) {
      const value = object[kind] as Named | undefined;
      if (value?.name === undefined || value.name === MARK_CHAIN) continue;
      if (kind === 'set') sets.set(value.name, limitsOf(value));
      else names[kind].add(value.name);
      if (value.hook !== undefined) hooks.add(value.name);
    }
  }
  const facts: string[] = [];
  const hookFacts: string[] = [];
  const rules = new Map<string, string[]>();
  const foreign: string[] = [];
  let marks: string | undefined;
  let isFlagged = false;
  for (const object of objects) {
    const [kind = '', value] = Object.entries(object)[0] ?? [];
    const { name, chain, comment, flags } = value as Named;
    // only that there are some: nft 1.0.6 writes any text there
    if (kind === 'table') isFlagged = flags !== undefined;
    if (kind === 'metainfo' || kind === 'table' || name === MARK_CHAIN) continue;
    if (isForeign(kind, value as Named)) foreign.push(`${kind} ${name ?? ''}`.trim());
    if (chain === MARK_CHAIN) {
      marks = comment;
    } else if (kind === 'rule') {
      const of = chain ?? '';
      rules.set(of, [...(rules.get(of) ?? []), factOf(value)]);
    } else {
      (name !== undefined && hooks.has(name) ? hookFacts : facts).push(`${kind} ${factOf(value)}`);
    }
  }
  for (const [chain, texts] of rules) {
    (hooks.has(chain) ? hookFacts : facts).push(`rules of ${chain} ${texts.join('\n')}`);
  }
  return {
    sets,
    counters: names.counter,
    chains: names.chain,
    hooks,
    hash: hashOf(facts.sort().join('\n')),
    hookHash: hashOf(hookFacts.sort().join('\n')),
    foreign,
    isFlagged,
    marks,
  };
}

function limitsOf({ size, timeout, flags = [] }: Named): SetLimits {
  return { size, timeout, isTimed: [flags].flat().includes('timeout') };
}

/** Everything that says what an object does: handles and counts are the kernel's own. */
function factOf(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) =>
    ['handle', 'packets', 'bytes', 'elem'].includes(key) ? undefined : inner,
  );
}

export function hashOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
