import type { AddressLayer, Branch, ZoneSource } from '../../src/dnsbl/zone/zone-source.js';
import { EXCLUDED } from '../../src/dnsbl/zone/zone-source.js';

/*
 * Whether a name has something listed below it, told slowly and simply: every listed range and name
 * is turned into text, from the zone's end, and compared.
 */

interface Asked {
  /** All labels, those of the zone as one text at the end. */
  readonly labels: readonly string[];
  readonly zone: string;
}

/** Of the deepest zone that holds the name. */
export function liesBelow(sources: readonly ZoneSource[], { labels, zone }: Asked): boolean {
  const name = [...labels.slice(0, -1), ...zone.split('.')].map((label) =>
    label.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  );
  const holders = sources
    .map((source) => ({ source, labels: labelsOf(source.name) }))
    .filter(({ labels: own }) => endsWith(name, own))
    .sort((a, b) => b.labels.length - a.labels.length);
  const [deepest] = holders;
  if (deepest === undefined) return false;
  const left = name.slice(0, name.length - deepest.labels.length);
  return deepest.source.groups.some(({ branches }) => meetsGroup(branches, left));
}

/** Of a group's branches the deepest that holds the name counts, and those below the name. */
function meetsGroup(branches: readonly Branch[], name: readonly string[]): boolean {
  const all = branches.map((branch) => ({ branch, labels: labelsOf(branch.below) }));
  if (all.some(({ labels }) => labels.length > name.length && endsWith(labels, name))) return true;
  const [deepest] = all
    .filter(({ labels }) => endsWith(name, labels))
    .sort((a, b) => b.labels.length - a.labels.length);
  if (deepest === undefined) return false;
  const { branch, labels } = deepest;
  const left = name.slice(0, name.length - labels.length);
  if (left.length === 0) return labels.length > 0;
  return (
    branch.names.some((layer) => meetsNames(layer, left)) ||
    branch.addresses.some((layer) => meetsAddresses(layer, left))
  );
}

function meetsNames(
  { bytes, offsets, kinds, answers }: Branch['names'][number],
  name: readonly string[],
): boolean {
  for (let k = 0; k < kinds.length; k++) {
    if (answers[k] === EXCLUDED) continue;
    const own = labelsOf(bytes.subarray(offsets[k], offsets[k + 1]));
    const listed = kinds[k] === 2 ? ['*', ...own] : own;
    if (listed.length > name.length && endsWith(listed, name)) return true;
  }
  return false;
}

function meetsAddresses({ family, firsts, lasts }: AddressLayer, name: readonly string[]): boolean {
  const parts = [...name].reverse();
  const words = family === 4 ? 1 : 4;
  const count = firsts.length / words;
  const bits = family === 4 ? 32 : 128;
  const asked = family === 4 ? [...octets(parts)] : [];
  const nibbles = parts.every((part) => /^[\da-f]$/.test(part)) && parts.length < 32;
  const spans: (readonly [bigint, bigint])[] = asked.map((prefix) => spanOf(prefix, bits));
  if (nibbles) {
    const prefix = { value: BigInt(`0x${parts.join('')}`), bits: 4 * parts.length };
    const span = spanOf(prefix, 128);
    if (family === 6) spans.push(span);
    else spans.push(...embedded(span));
  }
  for (let k = 0; k < count; k++) {
    const first = wordsToBig(firsts, k * words, words);
    const last = wordsToBig(lasts, k * words, words);
    if (spans.some(([from, to]) => from <= last && first <= to)) return true;
  }
  return false;
}

interface Prefix {
  readonly value: bigint;
  readonly bits: number;
}

function* octets(parts: readonly string[]): Generator<Prefix> {
  const isOctet = (part: string): boolean => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256;
  if (parts.length > 3 || !parts.every(isOctet)) return;
  const value = parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  yield { value, bits: 8 * parts.length };
}

function spanOf({ value, bits }: Prefix, all: number): readonly [bigint, bigint] {
  const shift = BigInt(all - bits);
  return [value << shift, ((value + 1n) << shift) - 1n];
}

/** IPv4 addresses within ::ffff:0:0/96 and 2002::/16 of a span of IPv6. */
function* embedded([from, to]: readonly [bigint, bigint]): Generator<readonly [bigint, bigint]> {
  for (const [start, shift] of [
    [0xffffn << 32n, 0n],
    [0x2002n << 112n, 80n],
  ] as const) {
    const end = start + (1n << (32n + shift)) - 1n;
    const first = from > start ? from : start;
    const last = to < end ? to : end;
    if (first <= last) yield [(first - start) >> shift, (last - start) >> shift];
  }
}

function wordsToBig(words: Uint32Array, at: number, count: number): bigint {
  let value = 0n;
  for (let k = 0; k < count; k++) value = (value << 32n) | BigInt(words[at + k] as number);
  return value;
}

function labelsOf(wire: Uint8Array): string[] {
  const labels: string[] = [];
  for (let at = 0; at < wire.length && wire[at] !== 0; at += 1 + (wire[at] as number)) {
    labels.push(Buffer.from(wire.subarray(at + 1, at + 1 + (wire[at] as number))).toString());
  }
  return labels;
}

function endsWith(name: readonly string[], end: readonly string[]): boolean {
  return name.slice(name.length - end.length).join('\n') === end.join('\n') || end.length === 0;
}
