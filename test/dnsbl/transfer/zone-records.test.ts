import { type Answer, decode, encode } from 'dns-packet';
import { describe, expect, test } from 'vitest';

import { Client } from '../../../src/dnsbl/answer/client.js';
import { compileZones } from '../../../src/dnsbl/index/compile.js';
import { Transfers } from '../../../src/dnsbl/transfer/transfers.js';
import {
  EXCLUDED,
  NAME_KIND,
  type NameLayer,
  type ZoneSource,
} from '../../../src/dnsbl/zone/zone-source.js';
import {
  Asked,
  answersOf,
  layerOf,
  listing,
  rcodeOf,
  setClient,
  wireName,
  zoneOf,
} from '../../helpers/dnsbl.js';
import { addressSet } from '../../helpers/lists.js';
import { Seeded } from '../../helpers/seeded.js';

/** All messages that a client gets; undefined where the transfer is refused. */
async function transfer(
  zones: readonly ZoneSource[],
  query: { name: string; type?: string; serial?: number },
  from = '192.0.2.2',
): Promise<Buffer[] | undefined> {
  const transfers = new Transfers({
    clients: addressSet('192.0.2.2', '2001:db8::/64'),
    notify: [],
    listen: [],
    report: () => undefined,
  });
  transfers.serve(compileZones(zones));
  const client = new Client();
  setClient(client, from);
  const { name, type = 'AXFR', serial } = query;
  const message = encode({
    type: 'query',
    id: 7,
    questions: [{ name, type: type as 'AXFR' }],
    ...(serial !== undefined && { authorities: [soa(name, serial)] }),
  });
  const messages: Buffer[] = [];
  const work = transfers.answer(message, client, {
    send: (one) => Promise.resolve(void messages.push(Buffer.from(one))),
  });
  if (work === undefined) return undefined;
  await work;
  return messages;
}

function soa(name: string, serial: number): Answer {
  const times = { refresh: 1, retry: 1, expire: 1, minimum: 1 };
  return { type: 'SOA', name, data: { mname: 'a', rname: 'b', serial, ...times } };
}

/** A server of others, as far as it matters: RFC 1034 4.3.2 with RFC 4592. */
class Secondary {
  readonly #records = new Map<string, string[]>();
  readonly #exists = new Set<string>();
  readonly #zone: string;

  constructor(messages: readonly Buffer[], zone: string) {
    this.#zone = zone;
    for (const message of messages) {
      for (const answer of decode(message).answers ?? []) {
        const name = answer.name.toLowerCase();
        this.#records.set(name, [
          ...(this.#records.get(name) ?? []),
          ...answersOf({ answers: [answer] } as never),
        ]);
        for (let above = name; above !== zone; above = parentOf(above)) this.#exists.add(above);
      }
    }
    this.#exists.add(zone);
  }

  /** rcode and A records. */
  ask(name: string): string {
    if (this.#exists.has(name)) return `NOERROR ${this.#addresses(name)}`.trim();
    let encloser = name;
    while (!this.#exists.has(encloser) && encloser !== this.#zone) encloser = parentOf(encloser);
    const wildcard = `*.${encloser}`;
    if (!this.#records.has(wildcard)) return 'NXDOMAIN';
    return `NOERROR ${this.#addresses(wildcard)}`.trim();
  }

  #addresses(name: string): string {
    const found = (this.#records.get(name) ?? []).filter((record) => record.startsWith('A '));
    expect(new Set(found).size, `${name} twice`).toBe(found.length);
    return found.sort().join(' ');
  }
}

const parentOf = (name: string): string => name.slice(name.indexOf('.') + 1);

/** Random names of one or two letters, so that they lie below each other. */
function randomLayer(random: Seeded, answers: number): NameLayer {
  const chosen = new Map<string, { name: Uint8Array; kind: number; answer: number }>();
  for (const name of random.some(8, () => randomName(random))) {
    const kind = random.chance(0.5) ? NAME_KIND.exact : NAME_KIND.wildcard;
    const answer = random.chance(0.25) ? EXCLUDED : random.integer(answers);
    chosen.set(`${name} ${kind}`, { name: wireName(name).subarray(0, -1), kind, answer });
  }
  const entries = [...chosen.values()];
  const offsets = [0];
  for (const { name } of entries) offsets.push((offsets.at(-1) as number) + name.length);
  return {
    holds: 'listings',
    bytes: Buffer.concat(entries.map(({ name }) => name)),
    offsets: Uint32Array.from(offsets),
    kinds: Uint8Array.from(entries, ({ kind }) => kind),
    answers: Uint32Array.from(entries, ({ answer }) => answer),
  };
}

function randomName(random: Seeded): string {
  return Array.from({ length: 1 + random.integer(4) }, () => random.pick(['a', 'b'])).join('.');
}

describe('a zone of names, as a secondary has it', () => {
  const answers = [listing(2), listing(3), listing(4)];

  test('answers as we do, whatever lies below whatever', async () => {
    for (let seed = 0; seed < 400; seed++) {
      const random = new Seeded(seed);
      const layers = Array.from({ length: 1 + random.integer(2) }, () => randomLayer(random, 3));
      const zone = zoneOf('bl.test', answers, [], layers);
      const asked = new Asked([zone]);
      const messages = await transfer([zone], { name: 'bl.test' });
      const secondary = new Secondary(messages ?? [], 'bl.test');
      for (let k = 0; k < 60; k++) {
        const name = `${randomName(random)}.bl.test`;
        const reply = asked.ask(name, 'A');
        const here = `${rcodeOf(reply) ?? ''} ${answersOf(reply).join(' ')}`.trim();
        const there = secondary.ask(name);
        // a name that is left out of a wildcard has to exist there
        const isHole = here === 'NXDOMAIN' && there === 'NOERROR';
        if (!isHole) expect(there, `seed ${seed}: ${name}`).toBe(here);
      }
    }
  });
});

describe('who may, and what', () => {
  const zone = zoneOf(
    'bl.test',
    [listing(2, '$', 'subject', ' ', 'prefix')],
    [layerOf({ '10.0.0.0-10.0.1.9': 0 })],
  );
  const keyed = { ...zoneOf('keyed.test', [listing(2)], []), keys: ['abcdefgh'] };
  const failed = { ...zoneOf('failed.test', [], []), failed: 'no file' };
  const old = { ...zoneOf('old.test', [], []), expiresAtMs: 1 };
  const zones = [zone, keyed, failed, old];

  test('addresses that are named, of both families', async () => {
    expect(await transfer(zones, { name: 'bl.test' }, '192.0.2.3')).toBeUndefined();
    expect(await transfer(zones, { name: 'bl.test' }, '127.0.0.1')).toBeUndefined();
    expect(await transfer(zones, { name: 'BL.test' }, '2001:db8::9')).toHaveLength(1);
  });

  test('zones that are served, by their names', async () => {
    for (const name of ['sub.bl.test', 'test', 'keyed.test', 'failed.test', 'old.test']) {
      expect(await transfer(zones, { name }), name).toBeUndefined();
    }
    expect(await transfer(zones, { name: 'abcdefgh.keyed.test' })).toHaveLength(1);
  });

  test('wildcards of whole octets, texts as they were written, the SOA at both ends', async () => {
    const [message] = (await transfer(zones, { name: 'bl.test' })) ?? [];
    const { answers = [] } = decode(message as Buffer);
    const names = answers.map(({ name, type }) => `${name} ${type}`);
    expect(names.slice(0, 4)).toEqual([
      'bl.test SOA',
      'bl.test NS',
      '*.0.0.10.bl.test A',
      '*.0.0.10.bl.test TXT',
    ]);
    expect(names.at(-2)).toBe('9.1.0.10.bl.test TXT');
    expect(names.at(-1)).toBe('bl.test SOA');
    expect(names).toHaveLength(3 + 2 * 11);
    expect(answersOf({ answers: [answers[3]] } as never)).toEqual(['TXT $$ $prefix']);
  });

  test('an IXFR gets the zone, or the SOA alone where that is all it lacks', async () => {
    const recordsFor = async (serial: number): Promise<number | undefined> => {
      const [message] = (await transfer(zones, { name: 'bl.test', type: 'IXFR', serial })) ?? [];
      return decode(message as Buffer).answers?.length;
    };
    expect(await recordsFor(6)).toBe(3 + 2 * 11);
    expect(await recordsFor(7)).toBe(1);
    expect(await recordsFor(8)).toBe(1);
    // RFC 1982: far above is below
    expect(await recordsFor(0xffff_fff0)).toBe(3 + 2 * 11);
  });
});
