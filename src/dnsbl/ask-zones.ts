import { type DecodedPacket, decode, encode } from 'dns-packet';

import type { ZoneConfig } from '../config/schema.js';
import { type Address, groupsOf } from '../ip/address.js';
import { rcodeOf, recordTexts } from '../util/dns-reply.js';
import { Client } from './answer/client.js';
import { newCounters } from './answer/counters.js';
import { Responder } from './answer/responder.js';
import { compileZones } from './index/compile.js';
import { formatName } from './wire/name.js';
import type { LoadedZones } from './zone/loaded-zones.js';

/** What a zone answers about an address. */
export interface ZoneOpinion {
  /** Without its key, where it has any. */
  readonly zone: string;
  /** The zone answers only below a key. */
  readonly hasKeys: boolean;
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, … */
  readonly rcode: string;
  readonly a: readonly string[];
  readonly txt: readonly string[];
  /** Why the zone has nothing to answer from, where that is so. */
  readonly failed?: string;
}

/**
 * Asks every configured zone about addresses, by the code that answers queries, and without a
 * network. Who may ask is left aside: this is what a client hears that may.
 *
 * @param loaded the zones, made of these
 * @param zones the zones of the configuration
 * @returns for each address, what each zone says
 */
export function askZones(
  loaded: LoadedZones,
  zones: readonly Pick<ZoneConfig, 'name' | 'keys'>[],
  addresses: readonly Address[],
  nowMs: number,
): ZoneOpinion[][] {
  const compiled = compileZones(loaded.zones);
  const counters = newCounters(compiled.zones.length, compiled.answers.lists.length);
  const responder = new Responder(compiled, counters);
  responder.nowMs = nowMs;
  const reasons = new Map(loaded.zones.map(({ name, failed }) => [formatName(name), failed]));
  return addresses.map((address) =>
    zones.map(({ name, keys }) => {
      const failed = reasons.get(name);
      const asked = `${reversedLabels(address)}.${keys?.[0] === undefined ? '' : `${keys[0]}.`}${name}`;
      const a = ask(responder, asked, 'A');
      const txt = ask(responder, asked, 'TXT');
      return {
        zone: name,
        hasKeys: keys !== undefined,
        rcode: rcodeOf(a),
        a: recordTexts(a, 'A'),
        txt: recordTexts(txt, 'TXT'),
        ...(failed !== undefined && { failed }),
      };
    }),
  );
}

/** Octets or nibbles from the last to the first (RFC 5782 2.1 and 2.4). */
function reversedLabels({ family, words }: Address): string {
  if (family === 4) {
    const [word = 0] = words;
    return [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24].join('.');
  }
  const digits = groupsOf(words).map((group) => group.toString(16).padStart(4, '0'));
  return Array.from(digits.join('')).reverse().join('.');
}

const CLIENT = new Client();
CLIENT.set4(0x7f00_0001);

function ask(responder: Responder, name: string, type: 'A' | 'TXT'): DecodedPacket {
  const query = encode({ type: 'query', id: 1, questions: [{ type, name }] });
  const bytes = new Uint8Array(65_535);
  bytes.set(query);
  const length = responder.answer(bytes, 0, query.length, bytes.length, CLIENT, 'tcp');
  if (length === 0) throw new Error(`${name} was not answered`);
  return decode(Buffer.from(bytes.buffer, 0, length));
}
