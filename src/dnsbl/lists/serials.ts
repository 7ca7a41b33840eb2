import { createHash } from 'node:crypto';

import type { ZoneSource } from '../zone/zone-source.js';

/**
 * Makes sure that a zone whose content changed has a larger serial than before, so that secondary
 * servers take it: two changes may fall into one second, and a file may be replaced by an older
 * one. What did not change keeps its serial, and is not transferred again.
 */
export class Serials {
  readonly #known = new Map<string, { readonly serial: number; readonly digest: string }>();

  /**
   * @param key one for a zone, whatever its content
   * @param zone with the serial that the times of its files give
   */
  apply(key: string, zone: ZoneSource): ZoneSource {
    // what failed goes on with its last good content, or none
    if (zone.soa === undefined || zone.failed !== undefined) return zone;
    const digest = digestOf(zone);
    const before = this.#known.get(key);
    const serial = before === undefined ? zone.soa.serial : nextSerial(before, digest, zone);
    this.#known.set(key, { serial, digest });
    return { ...zone, soa: { ...zone.soa, serial } };
  }
}

function nextSerial(
  before: { readonly serial: number; readonly digest: string },
  digest: string,
  { soa }: ZoneSource,
): number {
  if (digest === before.digest) return before.serial;
  return Math.max(soa?.serial ?? 0, before.serial + 1);
}

/** Of what a zone lists; those that are the same from one load to the next are read once. */
const digests = new WeakMap<ZoneSource['groups'], string>();

function digestOf({ soa, nameServers, answers, groups }: ZoneSource): string {
  let content = digests.get(groups);
  if (content === undefined) {
    content = contentDigest(answers, groups);
    digests.set(groups, content);
  }
  return `${textOf([{ ...soa, serial: 0 }, nameServers])} ${content}`;
}

function contentDigest(answers: ZoneSource['answers'], groups: ZoneSource['groups']): string {
  const hash = createHash('sha256');
  hash.update(textOf(answers));
  for (const { below, addresses, names } of groups.flatMap(({ branches }) => branches)) {
    hash.update(textOf([below, names]));
    for (const { family, firsts, lasts, answers: numbers } of addresses) {
      hash.update(`${family} ${numbers.length} `);
      for (const column of [firsts, lasts, numbers]) hash.update(bytesOf(column));
    }
  }
  return hash.digest('base64');
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    ArrayBuffer.isView(part) ? Buffer.from(bytesOf(part)).toString('latin1') : part,
  );
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
