import { find4, find6, meets4, meets6 } from '../index/address-map.js';
import type { AddressMap } from '../index/address-map.js';
import type { CompiledBranch, CompiledGroup } from '../index/compile.js';
import { HASH_START, hashByte, sameBytes } from '../index/hash.js';
import { NOTHING, type NameTable, findName } from '../index/name-table.js';
import { EXCLUDED } from '../zone/zone-source.js';
import { AskedAddress } from './asked-address.js';
import type { Query } from './query.js';

/** More listings than this at one name are left out: 65,535 bytes would not hold their records. */
const MOST_LISTINGS = 256;

/** What is listed at an asked name. Its memory is used again for the next query. */
export class Listings {
  count = 0;
  /** Numbers of answers. */
  readonly answers = new Uint32Array(MOST_LISTINGS);
  /** The name, or one below it, is listed: without an answer it is an empty non-terminal. */
  exists = false;
  /** With `onlyRecords`: a set here could list the name (rbldnsd's acl lists the client only then). */
  isCovered = false;
  /** With `onlyRecords`: such a name is below this one. */
  isAboveCovered = false;
  readonly asked = new AskedAddress();
  /** What `select` chose: labels of the listed name, `[from, to)` of the query's, `to` 0 for an address. */
  subjectFrom = 0;
  subjectTo = 0;
  /** The range that lists the address, and the family of its map. */
  rangeMap: AddressMap | undefined;
  rangeFamily: 4 | 6 = 4;
  range = 0;
  /** The asked IPv4 address, also where an IPv6 one stands for it. */
  address4 = 0;

  readonly #maps = new Array<AddressMap | undefined>(MOST_LISTINGS).fill(undefined);
  readonly #families = new Uint8Array(MOST_LISTINGS);
  /** Range or first byte of the name; last byte of the name. */
  readonly #froms = new Uint32Array(MOST_LISTINGS);
  readonly #tos = new Uint32Array(MOST_LISTINGS);
  readonly #hashes = new Uint32Array(128);

  /**
   * Finds what the groups of a zone list at the query's name.
   *
   * @param zoneLabels labels of the zone's name, at the end of the query's
   * @param onlyRecords leaves out all but plain records (rbldnsd's `empty` and its always-listed)
   */
  find(
    query: Query,
    zoneLabels: number,
    groups: readonly CompiledGroup[],
    onlyRecords: boolean,
  ): void {
    this.count = 0;
    this.exists = false;
    this.isCovered = false;
    this.isAboveCovered = false;
    this.asked.is4 = false;
    this.asked.is6 = false;
    const left = query.labels - zoneLabels;
    const zoneAt = left === query.labels ? query.nameEnd : (query.labelAt[left] as number);
    for (const branches of groups) {
      for (const branch of branches) {
        if (isAt(query, branch, left, zoneAt)) {
          this.#findBelow(query, branch, left - branch.labels, onlyRecords);
          break;
        }
        if (isAbove(query, branch, left, zoneAt)) this.exists = true;
      }
    }
  }

  /** Makes the subject and the range those of listing `k`. */
  select(k: number): void {
    this.rangeMap = this.#maps[k];
    this.rangeFamily = this.#families[k] === 6 ? 6 : 4;
    this.range = this.#froms[k] as number;
    this.subjectFrom = this.range;
    this.subjectTo = this.#tos[k] as number;
  }

  #findBelow(query: Query, branch: CompiledBranch, labels: number, onlyRecords: boolean): void {
    if (labels === 0 && branch.labels > 0) this.exists = true;
    if ((branch.v4 || branch.v6) && !onlyRecords && labels > 0) {
      this.#findAddress(query, branch, labels);
    } else if ((branch.v4 || branch.v6) && labels > 0) {
      this.asked.read(query, labels);
      if (this.asked.is4 || this.asked.is6) this.isCovered ||= this.#couldList(branch);
      else this.isAboveCovered ||= this.#couldListBelow(query, branch, labels);
    }
    for (const table of branch.names) {
      if (table.holds === 'listings') {
        if (labels > 0) this.isCovered = true;
        if (onlyRecords || labels === 0) continue;
      }
      this.#findName(query, table, labels);
    }
  }

  #findAddress(query: Query, branch: CompiledBranch, labels: number): void {
    const { asked } = this;
    const { v4, v6 } = branch;
    asked.read(query, labels);
    if (asked.is4) {
      if (v4) this.#take4(v4, asked.v4);
    } else if (asked.is6) {
      this.#findIPv6(v4, v6);
    }
    if (this.exists || asked.is6) return;
    if (asked.octets >= 0 && v4 && meets4(v4, asked.first4, asked.last4)) {
      this.exists = true;
      return;
    }
    asked.readNibbles(query, labels);
    if (asked.nibbles >= 0) this.exists = meetsIPv6(asked, v4, v6);
  }

  /** Whether the asked address would be looked up in a set that the branch has. */
  #couldList({ v4, v6 }: CompiledBranch): boolean {
    const { is4, is6, v6: words } = this.asked;
    if (is4 || !is6) return v4 !== undefined;
    const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
    if (isMapped) return v4 !== undefined;
    return v6 !== undefined || (v4 !== undefined && (words[0] as number) >>> 16 === 0x2002);
  }

  #couldListBelow(query: Query, { v4 }: CompiledBranch, labels: number): boolean {
    const { asked } = this;
    if (asked.octets >= 0 && v4) return true;
    asked.readNibbles(query, labels);
    return asked.nibbles >= 0;
  }

  /** IPv4-mapped addresses are IPv4 ones; 6to4's (RFC 3056) are looked up in both families. */
  #findIPv6(v4: AddressMap | undefined, v6: AddressMap | undefined): void {
    const words = this.asked.v6;
    const w0 = words[0] as number;
    if (w0 === 0 && words[1] === 0 && words[2] === 0xffff) {
      if (v4) this.#take4(v4, words[3] as number);
      return;
    }
    if (v6) {
      const k = find6(v6, words);
      if (k >= 0) this.#take(v6, k, 6);
    }
    if (v4 && w0 >>> 16 === 0x2002) this.#take4(v4, embedded6to4(w0, words[1] as number));
  }

  #take4(map: AddressMap, address: number): void {
    const k = find4(map, address);
    if (k < 0) return;
    this.address4 = address;
    this.#take(map, k, 4);
  }

  #take(map: AddressMap, k: number, family: 4 | 6): void {
    this.exists = true;
    if (this.count === MOST_LISTINGS) return;
    this.#maps[this.count] = map;
    this.#families[this.count] = family;
    this.#froms[this.count] = k;
    this.#tos[this.count] = 0;
    this.answers[this.count++] = (map.answers[k] as number) + map.base;
  }

  #findName(query: Query, table: NameTable, labels: number): void {
    const end = labels === 0 ? 0 : endOfLabel(query, labels - 1);
    this.#hashSuffixes(query, labels, end);
    const hash = labels === 0 ? HASH_START : (this.#hashes[0] as number);
    const entry = findName(table, hash, query.name, 0, end);
    if (entry >= 0) {
      if (table.exists[entry] === 1) this.exists = true;
      const answer = table.exact[entry] as number;
      if (answer !== NOTHING) {
        if (answer !== EXCLUDED) this.#takeName(answer, 0, end);
        return;
      }
    }
    if (!table.hasWildcards) return;
    for (let k = 1; k < labels; k++) {
      const from = query.labelAt[k] as number;
      const at = findName(table, this.#hashes[k] as number, query.name, from, end);
      const answer = at < 0 ? NOTHING : (table.below[at] as number);
      if (answer === NOTHING) continue;
      if (answer !== EXCLUDED) this.#takeName(answer, from, end);
      return;
    }
  }

  #takeName(answer: number, from: number, to: number): void {
    this.exists = true;
    if (this.count === MOST_LISTINGS) return;
    this.#maps[this.count] = undefined;
    this.#froms[this.count] = from;
    this.#tos[this.count] = to;
    this.answers[this.count++] = answer;
  }

  /** Hash of the first `labels` labels from each of them on. */
  #hashSuffixes(query: Query, labels: number, end: number): void {
    let hash = HASH_START;
    let to = end;
    for (let k = labels - 1; k >= 0; k--) {
      const from = query.labelAt[k] as number;
      for (let i = to - 1; i >= from; i--) hash = hashByte(hash, query.name[i] as number);
      this.#hashes[k] = hash;
      to = from;
    }
  }
}

function endOfLabel(query: Query, label: number): number {
  const at = query.labelAt[label] as number;
  return at + 1 + (query.name[at] as number);
}

/** Whether the name is the branch's or below it. */
function isAt(query: Query, branch: CompiledBranch, left: number, zoneAt: number): boolean {
  if (branch.labels === 0) return true;
  if (left < branch.labels) return false;
  const at = zoneAt - branch.below.length;
  return (
    query.labelAt[left - branch.labels] === at &&
    sameBytes(query.name, at, branch.below, 0, branch.below.length)
  );
}

/** Whether the branch is below the name: then the name exists. */
function isAbove(query: Query, branch: CompiledBranch, left: number, zoneAt: number): boolean {
  if (left >= branch.labels) return false;
  const at = branch.below.length - zoneAt;
  return (
    at > 0 && isLabelStart(branch.below, at) && sameBytes(branch.below, at, query.name, 0, zoneAt)
  );
}

function isLabelStart(name: Uint8Array, at: number): boolean {
  let i = 0;
  while (i < at) i += 1 + (name[i] as number);
  return i === at;
}

/** Whether an address below a name of fewer than 32 nibbles is listed, in whichever way it may be. */
function meetsIPv6(
  asked: AskedAddress,
  v4: AddressMap | undefined,
  v6: AddressMap | undefined,
): boolean {
  const { first6, last6 } = asked;
  if (v6 && meets6(v6, first6, last6)) return true;
  if (!v4) return false;
  const [a0 = 0, a1 = 0, a2 = 0, a3 = 0] = first6;
  const [z0 = 0, z1 = 0, z2 = 0, z3 = 0] = last6;
  // ::ffff:0:0/96 and what is below the name
  if (a0 === 0 && a1 === 0 && a2 <= 0xffff && (z0 > 0 || z1 > 0 || z2 >= 0xffff)) {
    const isWithin = a2 === 0xffff && z2 === 0xffff && z0 === 0 && z1 === 0;
    if (meets4(v4, isWithin ? a3 : 0, isWithin ? z3 : 0xffff_ffff)) return true;
  }
  // 2002::/16
  if (a0 > 0x2002_ffff || z0 < 0x2002_0000) return false;
  const isWithin = a0 >>> 16 === 0x2002 && z0 >>> 16 === 0x2002;
  return isWithin
    ? meets4(v4, embedded6to4(a0, a1), embedded6to4(z0, z1))
    : meets4(v4, 0, 0xffff_ffff);
}

function embedded6to4(w0: number, w1: number): number {
  return (((w0 & 0xffff) << 16) | (w1 >>> 16)) >>> 0;
}
