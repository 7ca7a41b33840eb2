import { formatWords } from '../../ip/address.js';
import type { Family } from '../../ip/family.js';
import { mergeAnswers } from '../index/merge-answers.js';
import { overlay } from '../index/overlay.js';
import { formatName } from '../wire/name.js';
import type {
  AddressLayer,
  Branch,
  NameLayer,
  TextPart,
  ZoneAnswer,
  ZoneRecord,
  ZoneSource,
} from '../zone/zone-source.js';
import { addressBlocks } from './address-blocks.js';
import { textOf } from './line.js';
import { namesOf } from './name-tree.js';

const LONGEST_TEXT = 254;

/**
 * A zone as a zone file (RFC 1035 5) that BIND and others read: ranges of addresses as wildcards,
 * none of which lies within another. In a text the first address of the wildcard stands for the
 * asked one; what is left out of a wildcard of names is a CNAME to `excluded`, as rbldnsd does it.
 */
export function* dumpZone(zone: ZoneSource): Generator<string> {
  const origin = fileName(zone.name);
  yield `$ORIGIN\t${origin}.\n`;
  yield* dumpHeader(zone);
  const answers = [...zone.answers];
  for (const branch of joinedBranches(zone)) {
    const below = branch.below.length > 1 ? `${fileName(branch.below)}.` : '';
    if (below !== '') yield `$ORIGIN\t${below}${origin}.\n`;
    for (const family of [4, 6] as const) yield* dumpAddresses(branch, family, answers);
    yield* dumpNames(branch.names, answers);
  }
}

function* dumpHeader({ soa, nameServers }: ZoneSource): Generator<string> {
  if (soa) {
    const { serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds } = soa;
    const numbers = [serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds];
    const [primary, person] = [fileName(soa.primary), fileName(soa.person)];
    yield `@\t${soa.ttlSeconds}\tSOA\t${primary}.\t${person}.\t(${numbers.join(' ')})\n`;
  }
  for (const name of nameServers?.names ?? []) {
    yield `@\t${nameServers?.ttlSeconds ?? 0}\tNS\t${fileName(name)}.\n`;
  }
}

/** Branches of one name in all groups together. */
function joinedBranches(zone: ZoneSource): Branch[] {
  const joined = new Map<string, { addresses: AddressLayer[]; names: NameLayer[] }>();
  const belows = new Map<string, Uint8Array>();
  for (const { below, addresses, names } of zone.groups.flatMap((group) => group.branches)) {
    const key = textOf(below);
    belows.set(key, below);
    const branch = joined.get(key) ?? { addresses: [], names: [] };
    branch.addresses.push(...addresses);
    branch.names.push(...names);
    joined.set(key, branch);
  }
  return [...joined].map(([key, branch]) => ({
    below: belows.get(key) ?? Uint8Array.of(0),
    ...branch,
  }));
}

function* dumpAddresses(
  { addresses }: Branch,
  family: Family,
  answers: ZoneAnswer[],
): Generator<string> {
  const [first, ...rest] = addresses.filter((layer) => layer.family === family);
  if (first === undefined) return;
  const both = (a: number, b: number): number =>
    a === b ? a : answers.push(merged([a, b], answers)) - 1;
  const layer = rest.reduce((sum, other) => overlay(sum, other, both), first);
  const words = new Uint32Array(family === 4 ? 1 : 4);
  for (const block of addressBlocks(layer)) {
    for (let k = 0; k < words.length; k++) {
      words[k] = Number((block.first >> BigInt(32 * (words.length - 1 - k))) & 0xffff_ffffn);
    }
    const subject = (): string => formatWords(family, words);
    yield recordLines(block.name, answers[block.answer] as ZoneAnswer, subject);
  }
}

function* dumpNames(
  layers: readonly NameLayer[],
  answers: readonly ZoneAnswer[],
): Generator<string> {
  for (const { labels, exact, below, isHole } of namesOf(layers)) {
    const name = labels.length === 0 ? '@' : labels.map(fileLabel).join('.');
    const subject = (): string => labels.join('.');
    if (isHole) yield `${name}\tCNAME\texcluded\n`;
    if (exact.length > 0) yield recordLines(name, merged(exact, answers), subject);
    if (below.length === 0) continue;
    yield recordLines(`*.${name}`, merged(below, answers), subject);
  }
}

function merged(indices: readonly number[], answers: readonly ZoneAnswer[]): ZoneAnswer {
  return indices
    .map((index) => answers[index] as ZoneAnswer)
    .reduce((sum, answer) => mergeAnswers(sum, answer));
}

function recordLines(name: string, { records }: ZoneAnswer, subject: () => string): string {
  const lines = records.map((record) => {
    const data = recordData(record, subject);
    return data === undefined ? '' : `${name}\t${record.ttlSeconds}\t${record.type}\t${data}\n`;
  });
  return lines.join('');
}

/** Undefined for a text that turns out to be empty, which is not answered either. */
function recordData(record: ZoneRecord, subject: () => string): string | undefined {
  if (record.type === 'A') return formatWords(4, Uint32Array.of(record.address));
  if (record.type === 'MX') return `${record.preference} ${dotted(fileName(record.exchange))}`;
  const text = record.text.map((part) => partText(part, subject)).join('');
  const isFilled = record.text.some((part) => typeof part === 'string');
  if (isFilled && text === '') return undefined;
  return quoted(isFilled ? text.slice(0, LONGEST_TEXT) : text);
}

function partText(part: TextPart, subject: () => string): string {
  return typeof part === 'string' ? subject() : textOf(part);
}

function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, decimalEscape);
  return `"${escaped}"`;
}

/** Without the last dot; what a zone file would take for something else has a backslash. */
function fileName(wire: Uint8Array): string {
  return formatName(wire).replace(/["();@$]/g, '\\$&');
}

function fileLabel(label: string): string {
  return label.replace(/["();@$.\\]/g, '\\$&').replace(/[^\x21-\x7e]/g, decimalEscape);
}

function decimalEscape(character: string): string {
  return `\\${String(character.charCodeAt(0)).padStart(3, '0')}`;
}

/** With the last dot, which the root is alone. */
function dotted(name: string): string {
  return name === '.' ? name : `${name}.`;
}
