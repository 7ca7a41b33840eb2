import { MAX_CHAIN_NAME, shortened } from '../../formats/iptables.js';
import type { Family } from '../../ip/family.js';
import { UsageError } from '../../util/errors.js';

/**
 * What every chain of ours begins with. Upper case tells them from the chains `sekisho-…` of
 * the exported iptables files, which an administrator loads and which are not ours to touch.
 */
export const OURS = 'SEKISHO-';

/** Where incoming and outgoing packets are judged; table mangle. */
export const IN_CHAIN = `${OURS}IN`;
export const OUT_CHAIN = `${OURS}OUT`;
/** Original direction of connections, against the hand-made lists. */
export const BLOCKED_CHAIN = `${OURS}BLOCKED`;
/** Rejects what the judging chains have marked; table filter. */
export const REJECT_CHAIN = `${OURS}REJECT`;
/** Nothing jumps there: its one rule carries the marks by which we know our work again. */
export const MARK_CHAIN = `${OURS}MARK`;

export function isOurChain(name: string): boolean {
  return name.startsWith(OURS);
}

/** `SEKISHO-r-RULE`: a rule's own chain. */
export function ruleChain(rule: string): string {
  return chainOf('r', rule);
}

/** `SEKISHO-o-RULE`: leads protocols without ports to the rule. */
export function othersChain(rule: string): string {
  return chainOf('o', rule);
}

/** `SEKISHO-n-RULE.LIST`: counts and does nothing else. */
export function countChain(rule: string, list: string): string {
  return chainOf('n', `${rule}.${list}`);
}

/** `SEKISHO-d-RULE.LIST`: logs and denies. */
export function denyChain(rule: string, list: string): string {
  return chainOf('d', `${rule}.${list}`);
}

/** Room for `-` and a number of up to six digits. */
const NUMBER_LENGTH = 7;

/** `SEKISHO-t-CHAIN.LIST`: name, without numbers, of the chains that hold a list for one chain. */
export function treeName(chain: string, list: string): string {
  return chainOf('t', `${shortOf(chain)}.${list}`, NUMBER_LENGTH);
}

export function treeChain(tree: string, index: number): string {
  return `${tree}-${index}`;
}

const TREE_CHAIN = /^SEKISHO-t-.*-\d+$/;

export function isTreeChain(name: string): boolean {
  return TREE_CHAIN.test(name);
}

/** `SEKISHO-c-CHAIN.LIST`: where it goes on for who is not in the list. */
export function continuationChain(chain: string, list: string): string {
  return chainOf('c', `${shortOf(chain)}.${list}`);
}

/** The part of a chain's name that is its own. */
function shortOf(chain: string): string {
  return chain.slice(OURS.length).replace(/^[a-z]-/, '');
}

function chainOf(kind: string, name: string, reserved = 0): string {
  const prefix = `${OURS}${kind}-`;
  return prefix + shortened(name, MAX_CHAIN_NAME - prefix.length - reserved);
}

const SET_PREFIX = 'sekisho-';
/** No list has a dot in its name. */
const NEW_SET_PREFIX = `${SET_PREFIX}new.`;
/** What ipset allows (IPSET_MAXNAMELEN less its zero byte). */
const MAX_SET_NAME = 31;

export function isOurSet(name: string): boolean {
  return name.startsWith(SET_PREFIX);
}

/** Whether it is one that takes the place of another while an apply runs. */
export function isNewSet(name: string): boolean {
  return name.startsWith(NEW_SET_PREFIX);
}

export function newSet(index: number): string {
  return `${NEW_SET_PREFIX}${index}`;
}

/**
 * `sekisho-LIST_v4`.
 *
 * @throws UsageError where that is longer than ipset takes
 */
export function listSet(list: string, family: Family): string {
  const name = `${SET_PREFIX}${list}_v${family}`;
  if (name.length <= MAX_SET_NAME) return name;
  throw new UsageError(
    `the list ${list} cannot be an ipset: its set would be called ${name}, which has ` +
      `${name.length} characters; expected at most ${MAX_SET_NAME}: give the list a name of at ` +
      `most ${MAX_SET_NAME - SET_PREFIX.length - 3} characters, or use another backend`,
  );
}

/** The comment on the rule that counts; spaces tell its words apart. */
export function countComment(rule: string, list: string): string {
  return `sekisho ${rule} ${list}`;
}

const COUNT_COMMENT = /--comment "sekisho (\S+) (\S+)"/;

/** Whom a rule counts for; undefined for rules that do not count. */
export function countedBy(rule: string): { rule: string; list: string } | undefined {
  const [, name, list] = COUNT_COMMENT.exec(rule) ?? [];
  return name === undefined || list === undefined ? undefined : { rule: name, list };
}

/** Target LOG takes 29 characters: less `sekisho `, the space between, and `: `. */
const LOG_ROOM = 29 - 11;

/** Prefix of lines in the kernel log: `sekisho RULE LIST: `, long names shortened to fit. */
export function logPrefix(rule: string, list: string): string {
  const shortRule = shortened(rule, Math.max(LOG_ROOM / 2, LOG_ROOM - list.length));
  return `sekisho ${shortRule} ${shortened(list, LOG_ROOM - shortRule.length)}: `;
}
