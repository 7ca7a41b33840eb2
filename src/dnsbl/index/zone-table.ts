import { countLabels, formatName } from '../wire/name.js';
import { UsageError } from '../../util/errors.js';
import { HASH_START, hashBackwards, hashByte, sameBytes, slotOf, slotsFor } from './hash.js';

/** Zones by name: the deepest zone that holds a name is found in one pass from its end. */
export interface ZoneTable {
  /** Names in wire form without the root's zero. */
  readonly names: readonly Uint8Array[];
  /** The zone behind each name; several names may lead to one zone (its keys). */
  readonly zones: readonly number[];
  /** Place in `names` plus one; 0 is an empty slot. */
  readonly slots: Uint32Array;
  /** Number of labels of each name. */
  readonly labels: readonly number[];
  /** The most labels of a name. */
  readonly deepest: number;
  /** Places in `names`, the deepest first, where there are so few that comparing each is quickest. */
  readonly few: readonly number[] | undefined;
  /** The names once more, to be compared by words. */
  readonly views: readonly DataView[];
}

/** Up to this many names are compared one by one. */
const FEW = 8;

/** @throws UsageError where a name stands there twice */
export function zoneTableOf(
  entries: readonly { readonly name: Uint8Array; readonly zone: number }[],
): ZoneTable {
  const slots = new Uint32Array(slotsFor(entries.length));
  const mask = slots.length - 1;
  const names = entries.map(({ name }) => name.subarray(0, -1));
  const labels = entries.map(({ name }) => countLabels(name));
  for (const [k, name] of names.entries()) {
    let slot = slotOf(hashBackwards(name, 0, name.length), mask);
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = names[(slots[slot] as number) - 1] as Uint8Array;
      if (other.length === name.length && sameBytes(other, 0, name, 0, name.length)) {
        const text = formatName((entries[k] as (typeof entries)[number]).name);
        throw new UsageError(`there are two zones of the name ${text}; one name is one zone`);
      }
    }
    slots[slot] = k + 1;
  }
  const byDepth = [...names.keys()].sort((a, b) => (labels[b] as number) - (labels[a] as number));
  return {
    names,
    zones: entries.map(({ zone }) => zone),
    slots,
    labels,
    deepest: Math.max(0, ...labels),
    few: names.length <= FEW ? byDepth : undefined,
    views: names.map(({ buffer, byteOffset, byteLength }) => {
      return new DataView(buffer, byteOffset, byteLength);
    }),
  };
}

/** A name in lower case, with the places of its labels. */
export interface AskedName {
  /** Wire form. */
  readonly name: Uint8Array;
  /** The same memory. */
  readonly nameView: DataView;
  /** Labels begin at `labelAt[0…labels)`. */
  readonly labelAt: Uint8Array;
  readonly labels: number;
  /** Place of the root's zero. */
  readonly nameEnd: number;
}

/** Place in `names` of the deepest zone that holds the name, or −1. */
export function findZone(table: ZoneTable, asked: AskedName): number {
  return table.few ? findAmongFew(table, table.few, asked) : findByHash(table, asked);
}

function findAmongFew(table: ZoneTable, places: readonly number[], asked: AskedName): number {
  const { nameView, labelAt, labels, nameEnd } = asked;
  for (let i = 0; i < places.length; i++) {
    const k = places[i] as number;
    const depth = table.labels[k] as number;
    if (depth === 0) return k;
    if (depth > labels) continue;
    const from = labelAt[labels - depth] as number;
    const { length } = table.names[k] as Uint8Array;
    if (from + length !== nameEnd) continue;
    if (isAt(table.views[k] as DataView, nameView, from, length)) return k;
  }
  return -1;
}

/** Whether the name stands at `from` in the other. */
function isAt(name: DataView, other: DataView, from: number, length: number): boolean {
  let k = 0;
  for (; k + 4 <= length; k += 4) {
    if (name.getInt32(k) !== other.getInt32(from + k)) return false;
  }
  for (; k < length; k++) if (name.getUint8(k) !== other.getUint8(from + k)) return false;
  return true;
}

function findByHash({ slots, names, deepest }: ZoneTable, asked: AskedName): number {
  const { name, labelAt, labels, nameEnd } = asked;
  const mask = slots.length - 1;
  let found = -1;
  let hash = HASH_START;
  let to = nameEnd;
  for (let depth = 0; ; depth++) {
    // the root zone, if there is one, is found at depth 0
    for (let slot = slotOf(hash, mask); slots[slot] !== 0; slot = (slot + 1) & mask) {
      const k = (slots[slot] as number) - 1;
      const zone = names[k] as Uint8Array;
      if (zone.length === nameEnd - to && sameBytes(zone, 0, name, to, zone.length)) {
        found = k;
        break;
      }
    }
    if (depth === labels || depth === deepest) return found;
    const from = labelAt[labels - depth - 1] as number;
    for (let i = to - 1; i >= from; i--) hash = hashByte(hash, name[i] as number);
    to = from;
  }
}
