import { isOurChain } from './names.js';

export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** A rule as text behind `-A CHAIN `. */
export interface Rule {
  readonly text: string;
  readonly count?: Count;
}

/** A rule in a chain that is not ours, which leads to one that is. */
export interface Jump {
  readonly chain: string;
  /** Place among the chain's rules, from 1. */
  readonly place: number;
  readonly text: string;
}

/** All that is ours in one table. */
export interface Table {
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
  readonly jumps: readonly Jump[];
}

export const EMPTY_TABLE: Table = { chains: new Map(), jumps: [] };

/** The tables that we write to. */
export const TABLE_NAMES = ['filter', 'mangle'] as const;
export type TableName = (typeof TABLE_NAMES)[number];

/** All that is ours in one family. */
export type Tables = Readonly<Record<TableName, Table>>;

const COUNTED = /^\[(\d+):(\d+)\] -A (\S+) ?(.*)$/;
const TARGET = / ?-[jg] (\S+)$/;

/** Picks what is ours out of what `iptables-save -c` prints. Pure. */
export function readSaved(text: string): Tables {
  const tables = { filter: openTable(), mangle: openTable() };
  let table: OpenTable | undefined;
  let chain = '';
  let place = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      const name = line.slice(1);
      table = name === 'filter' || name === 'mangle' ? tables[name] : undefined;
      chain = '';
    } else if (table && line.startsWith(':')) {
      const name = line.slice(1, line.indexOf(' '));
      if (isOurChain(name)) table.chains.set(name, []);
    } else if (table) {
      const [, packets, bytes, name = '', rule = ''] = COUNTED.exec(line) ?? [];
      if (name === '') continue;
      place = name === chain ? place + 1 : 1;
      chain = name;
      const target = TARGET.exec(rule)?.[1] ?? '';
      if (isOurChain(name)) {
        const count = { packets: Number(packets), bytes: Number(bytes) };
        table.chains.get(name)?.push({ text: rule, count });
      } else if (isOurChain(target)) {
        table.jumps.push({ chain: name, place, text: rule });
      }
    }
  }
  return tables;
}

interface OpenTable {
  readonly chains: Map<string, Rule[]>;
  readonly jumps: Jump[];
}

function openTable(): OpenTable {
  return { chains: new Map(), jumps: [] };
}

export function isEmptyTable({ chains, jumps }: Table): boolean {
  return chains.size === 0 && jumps.length === 0;
}

export function hasSameRules(a: readonly Rule[], b: readonly Rule[]): boolean {
  return a.length === b.length && a.every((rule, i) => rule.text === b[i]?.text);
}

export function hasSameJumps(a: Table, b: Table): boolean {
  const text = ({ jumps }: Table): string =>
    jumps
      .map(({ chain, place, text: rule }) => `${chain} ${place} ${rule}`)
      .sort()
      .join('\n');
  return text(a) === text(b);
}
