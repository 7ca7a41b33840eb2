import type { Family } from '../ip/family.js';
import { UsageError } from '../util/errors.js';
import { type Format, type NamedList, setsOf } from './format.js';
import { chainsOf } from './prefix-chains.js';
import { LineWriter } from './text.js';

/** What iptables allows (XT_EXTENSION_MAXNAMELEN less its zero byte). */
export const MAX_CHAIN_NAME = 28;
const OURS = 'sekisho-';
/** `-` and up to seven digits behind the name of a chain below the first. */
const NUMBER_LENGTH = 8;

/** For hosts without ipset. */
export const iptables = chainFormat('iptables', 4);
export const ip6tables = chainFormat('ip6tables', 6);

/**
 * Name of the chain through which packets reach a list: `sekisho-<list>`. Of a list name of
 * more than 20 characters it has the beginning, and a checksum in place of the rest.
 */
export function chainName(listName: string): string {
  return OURS + shortened(listName, MAX_CHAIN_NAME - OURS.length);
}

/**
 * A file for `iptables-restore --noflush` or `ip6tables-restore --noflush`: a user chain per
 * list in the filter table, and below it chains that divide the list so that a packet meets
 * few rules. The administrator, or our firewall part, sends packets there; the file touches no
 * chain but its own. Loading is one transaction, and loading again replaces what was there.
 */
function chainFormat(name: 'iptables' | 'ip6tables', family: Family): Format {
  return {
    name,
    summary: `chains for hosts without ipset, for ${name}-restore --noflush`,
    extension: name,
    holdsSeveralLists: true,
    families: [family],
    action: { meaning: 'target of packets from the list', default: 'DROP' },
    render({ lists, notices }, { families, maxLines, action = 'DROP' }) {
      const target = checkedTarget(name, action);
      assertApart(name, lists);
      const own = families.filter((wanted) => wanted === family);
      const out = new LineWriter(name, maxLines);
      for (const notice of notices) out.line(`# ${notice}`);
      if (own.length > 0) writeAdvice(out, name, lists);
      out.line('*filter');
      for (const list of lists) {
        for (const set of setsOf(list, own)) {
          const chains = chainsOf(set);
          const nameOf = (index: number): string => nameOfChain(list.name, index);
          // Declaring a chain that stands empties it: the whole restore is one transaction.
          for (const index of chains.keys()) out.line(`:${nameOf(index)} - [0:0]`);
          for (const [index, rules] of chains.entries()) {
            for (const { prefix, next } of rules) {
              const verdict = next === undefined ? `-j ${target}` : `-g ${nameOf(next)}`;
              out.line(`-A ${nameOf(index)} -s ${prefix} ${verdict}`);
            }
          }
        }
      }
      out.line('COMMIT');
      return out.pieces();
    },
  };
}

function writeAdvice(out: LineWriter, program: string, lists: readonly NamedList[]): void {
  out.line(`# Load, at first and after every change: ${program}-restore --noflush FILE`);
  out.line('# Then, once after each boot, send new connections there:');
  for (const list of lists) {
    out.line(`#   ${program} -I INPUT -m conntrack --ctstate NEW -j ${chainName(list.name)}`);
  }
}

/** `-g` (goto) goes on behind the jump to chain 0, so an address meets one path and no more. */
function nameOfChain(listName: string, index: number): string {
  if (index === 0) return chainName(listName);
  const room = MAX_CHAIN_NAME - OURS.length - NUMBER_LENGTH;
  return `${OURS}${shortened(listName, room)}-${index}`;
}

const CHECKSUM_LENGTH = 4;

/** The name, or where it has no room its beginning and a checksum that tells it from others. */
export function shortened(name: string, room: number): string {
  if (name.length <= room) return name;
  return `${name.slice(0, room - CHECKSUM_LENGTH - 1)}_${checksum(name)}`;
}

/** FNV-1a in base 36: tells apart the few list names of one host, and needs no more. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193) >>> 0;
  }
  return (hash % 36 ** CHECKSUM_LENGTH).toString(36).padStart(CHECKSUM_LENGTH, '0');
}

function assertApart(format: string, lists: readonly NamedList[]): void {
  const owners = new Map<string, string>();
  for (const { name } of lists) {
    for (const chain of [nameOfChain(name, 0), nameOfChain(name, 1)]) {
      const owner = owners.get(chain);
      if (owner !== undefined) {
        throw new UsageError(
          `${format}: lists ${owner} and ${name} would share the chain ${chain}; ` +
            `expected names that differ when shortened: rename one of them`,
        );
      }
      owners.set(chain, name);
    }
  }
}

function checkedTarget(format: string, target: string): string {
  if (/^[A-Za-z][A-Za-z0-9_.-]*$/.test(target) && target.length <= MAX_CHAIN_NAME) return target;
  throw new UsageError(
    `${format}: ${JSON.stringify(target)} cannot be a target; expected one word such as DROP, ` +
      `REJECT, or the name of a chain of at most ${MAX_CHAIN_NAME} characters`,
  );
}
