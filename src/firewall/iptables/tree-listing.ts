import { parseRange } from '../../ip/notation.js';
import type { RangeSet } from '../../ip/range-set.js';
import { RangeSetBuilder } from '../../ip/range-set-builder.js';
import { treeChain } from './names.js';
import { type Table, hasSameRules } from './table.js';
import type { Tree } from './tree-rules.js';

/** How a tree of chains stands in the kernel. */
export interface HeldTree {
  /** Whether it is rule for rule what was wanted. */
  readonly isWhole: boolean;
  /** The addresses on which its rules give the verdict. */
  readonly held: RangeSet;
}

/** Looks for a tree among the chains that stand. Pure. */
export function heldTree(tree: Tree, { chains }: Table): HeldTree {
  const names = [...chains.keys()].filter((name) => isOfTree(tree, name));
  const isWhole =
    names.length === tree.chains.size &&
    names.every((name) => hasSameRules(chains.get(name) ?? [], tree.chains.get(name) ?? []));
  if (isWhole) return { isWhole, held: tree.ranges };
  const builder = new RangeSetBuilder(tree.ranges.family);
  for (const name of names) {
    for (const { text } of chains.get(name) ?? []) {
      const [, prefix = '', verdict] = /^-[sd] (\S+) (-[jg] \S+)$/.exec(text) ?? [];
      const range = parseRange(prefix);
      if (verdict !== tree.verdict || 'expected' in range) continue;
      builder.add(range.first, 0, range.last, 0);
    }
  }
  return { isWhole, held: builder.build() };
}

export function isOfTree({ name }: Tree, chain: string): boolean {
  return (
    chain.startsWith(treeChain(name, 0).slice(0, -1)) && /^\d+$/.test(chain.slice(name.length + 1))
  );
}
