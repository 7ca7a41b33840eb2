import type { Family } from '../../ip/family.js';

/** Our table: everything of ours on nftables is in it, and nothing else is. */
export const TABLE = { family: 'inet', name: 'sekisho' } as const;

/*
 * nft takes dots in names and the configuration does not, so joined names are unique. The
 * longest is `hits.` + 16 + 24 + 4 characters; nf_tables takes 255.
 */

export function listSet(list: string, family: Family): string {
  return `${list}_v${family}`;
}

/** The list whose addresses a set holds. */
export function listOfSet(set: string): string {
  return set.replace(/_v[46]$/, '');
}

export function hitSet(rule: string, list: string, family: Family): string {
  return `hits.${rule}.${list}_v${family}`;
}

export function denyCounter(rule: string, list: string): string {
  return `${rule}.${list}`;
}

export function ruleChain(rule: string): string {
  return `rule.${rule}`;
}

export function denyChain(rule: string, list: string): string {
  return `deny.${rule}.${list}`;
}
