import { parseRange } from '../../ip/notation.js';
import { type TimedRange, flatten } from '../../ip/flatten.js';
import { TimedRanges } from '../../ip/timed-ranges.js';
import { treeChain } from './names.js';
import { type Table, hasSameRules } from './table.js';
import { endOf } from './timed-prefixes.js';
import type { Tree } from './tree-rules.js';

/** How a tree of chains stands in the kernel. */
export interface HeldTree {
  /** Whether it is rule for rule what was wanted. */
  readonly isWhole: boolean;
  /** The addresses on which its rules give the verdict, and until when. */
  readonly held: TimedRanges;
}

/** Looks for a tree among the chains that stand. Pure. */
export function heldTree(tree: Tree, { chains }: Table): HeldTree {
  const { family } = tree.ranges;
  const names = [...chains.keys()].filter((name) => isOfTree(tree, name));
  const isWhole =
    names.length === tree.chains.size &&
    names.every((name) => hasSameRules(chains.get(name) ?? [], tree.chains.get(name) ?? []));
  if (isWhole) return { isWhole, held: tree.timed ?? TimedRanges.permanent(tree.ranges) };
  const held: TimedRange[] = [];
  for (const name of names) {
    for (const { text } of chains.get(name) ?? []) {
      const [, prefix = '', stop, verdict] = MEMBER.exec(text) ?? [];
      const range = parseRange(prefix);
      if (verdict !== tree.verdict || 'expected' in range) continue;
      held.push({ first: range.first, last: range.last, endMs: endOf(stop) });
    }
  }
  return { isWhole, held: flatten(family, held) };
}

const MEMBER = /^-[sd] (\S+)(?: -m time --datestop (\S+))? (-[jg] \S+)$/;

export function isOfTree({ name }: Tree, chain: string): boolean {
  return (
    chain.startsWith(treeChain(name, 0).slice(0, -1)) && /^\d+$/.test(chain.slice(name.length + 1))
  );
}
