import { decode, encode } from 'dns-packet';
import { describe, expect, test } from 'vitest';

import { RateLimiter, newRateTable } from '../../../src/dnsbl/answer/rate-limiter.js';
import { ACCESS, FIRST_ACCESS_ANSWER, NAME_KIND } from '../../../src/dnsbl/zone/zone-source.js';
import type { NameLayer, ZoneAnswer } from '../../../src/dnsbl/zone/zone-source.js';
import {
  Asked,
  answersOf,
  layerOf,
  listing,
  rcodeOf,
  wireName,
  zoneOf,
} from '../../helpers/dnsbl.js';

const ANSWERS = [
  listing(2, 'listed: ', 'subject', ' in ', 'prefix'),
  listing(4, 'other'),
  { records: [{ type: 'A', ttlSeconds: 30, address: 0x7f000004 }] },
] satisfies ZoneAnswer[];

const BL = zoneOf('bl.example.net', ANSWERS, [
  layerOf({ '192.0.2.0/24': 0, '198.51.100.1': 1, '203.0.113.4-203.0.113.9': 0 }),
  layerOf({ '198.51.100.0-198.51.100.3': 2 }),
  layerOf({ '2001:db8::/32': 0 }),
]);

const asked = new Asked([BL]);

/** The name under which an address is asked for. */
function nameOf(address: string, zone = 'bl.example.net'): string {
  if (!address.includes(':')) return `${address.split('.').reverse().join('.')}.${zone}`;
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const zeros = new Array<string>(8 - groups(head).length - groups(tail).length).fill('0');
  const all = address.includes('::') ? [...groups(head), ...zeros, ...groups(tail)] : groups(head);
  const nibbles = all.map((group) => group.padStart(4, '0')).join('');
  return `${Array.from(nibbles).reverse().join('.')}.${zone}`;
}

describe('addresses', () => {
  test('a listed address answers with A and TXT, authoritatively', () => {
    const reply = asked.ask(nameOf('192.0.2.7'), 'A');
    expect(rcodeOf(reply)).toBe('NOERROR');
    expect(reply?.flag_aa).toBe(true);
    expect(reply?.flag_rd).toBe(true);
    expect(reply?.flag_ra).toBe(false);
    expect(answersOf(reply)).toEqual(['A 127.0.0.2']);
    expect(answersOf(asked.ask(nameOf('192.0.2.7'), 'TXT'))).toEqual([
      'TXT listed: 192.0.2.7 in 192.0.2.0/24',
    ]);
  });

  test.each([
    ['203.0.113.4', 'TXT listed: 203.0.113.4 in 203.0.113.4/30'],
    ['203.0.113.8', 'TXT listed: 203.0.113.8 in 203.0.113.8/31'],
    ['2001:db8::1', 'TXT listed: 2001:db8::1 in 2001:db8::/32'],
  ])('the prefix of %s is the largest one within its range', (address, text) => {
    expect(answersOf(asked.ask(nameOf(address), 'TXT'))).toEqual([text]);
  });

  test('what several lists hold answers with each once, with the smallest TTL', () => {
    const reply = asked.ask(nameOf('198.51.100.1'), 'A');
    expect(answersOf(reply)).toEqual(['A 127.0.0.4']);
    expect(reply?.answers?.[0]).toMatchObject({ ttl: 30 });
    expect(answersOf(asked.ask(nameOf('198.51.100.1'), 'TXT'))).toEqual(['TXT other']);
  });

  test.each(['192.0.1.255', '192.0.3.0', '203.0.113.3', '203.0.113.10', '2001:db9::', '1.1.1.1'])(
    '%s is not listed: NXDOMAIN with the SOA, whose TTL is the negative one',
    (address) => {
      const reply = asked.ask(nameOf(address), 'A');
      expect(rcodeOf(reply)).toBe('NXDOMAIN');
      expect(reply?.authorities).toMatchObject([{ type: 'SOA', name: 'bl.example.net', ttl: 5 }]);
    },
  );

  test('a listed address without the type: NOERROR without data', () => {
    for (const type of ['MX', 'AAAA', 'SRV']) {
      const reply = asked.ask(nameOf('192.0.2.7'), type);
      expect([rcodeOf(reply), reply?.answers?.length]).toEqual(['NOERROR', 0]);
      expect(reply?.authorities).toHaveLength(1);
    }
  });

  test('IPv4-mapped and 6to4 addresses are looked up as IPv4 ones', () => {
    expect(answersOf(asked.ask(nameOf('::ffff:c000:0207'), 'TXT'))).toEqual([
      'TXT listed: 192.0.2.7 in 192.0.2.0/24',
    ]);
    expect(answersOf(asked.ask(nameOf('2002:c000:0207::1'), 'A'))).toEqual(['A 127.0.0.2']);
    expect(rcodeOf(asked.ask(nameOf('::ffff:c000:0307'), 'A'))).toBe('NXDOMAIN');
  });

  test.each(['2.0.192', '0.192', '192', '113.0.203'])(
    'above listed IPv4 addresses, %s is an empty non-terminal',
    (part) => {
      const reply = asked.ask(`${part}.bl.example.net`, 'A');
      expect([rcodeOf(reply), reply?.answers?.length]).toEqual(['NOERROR', 0]);
    },
  );

  test('nothing is above what is not listed', () => {
    for (const part of ['3.0.192', '1.192', '193', 'x', '256.0.192', '02.0.192', '7.02.0.192']) {
      expect(rcodeOf(asked.ask(`${part}.bl.example.net`, 'A')), part).toBe('NXDOMAIN');
    }
  });

  test('every name above a listed IPv6 address exists, also above mapped and 6to4 ones', () => {
    for (const address of ['2001:db8::1', '::ffff:c000:0207', '2002:c000:0207::1']) {
      const labels = nameOf(address).split('.');
      for (let cut = 1; cut < 32; cut++) {
        const name = labels.slice(cut).join('.');
        expect(rcodeOf(asked.ask(name, 'A')), name).toBe('NOERROR');
      }
    }
    expect(rcodeOf(asked.ask('9.b.d.0.1.0.0.2.bl.example.net', 'A'))).toBe('NXDOMAIN');
    expect(rcodeOf(asked.ask('3.0.0.2.bl.example.net', 'A'))).toBe('NXDOMAIN');
  });
});

describe('the zone itself', () => {
  test('SOA and NS', () => {
    const soa = asked.ask('BL.example.net', 'SOA');
    expect(soa?.answers).toMatchObject([
      { name: 'BL.example.net', data: { serial: 7, minimum: 5, mname: 'ns.example.net' } },
    ]);
    expect(answersOf(asked.ask('bl.example.net', 'NS'))).toEqual(['NS ns.example.net']);
    expect(rcodeOf(asked.ask('bl.example.net', 'A'))).toBe('NOERROR');
  });

  test('outside of any zone: REFUSED, not authoritative', () => {
    for (const name of ['example.net', 'xbl.example.net', 'net', '.']) {
      const reply = asked.ask(name, 'A');
      expect([rcodeOf(reply), reply?.flag_aa], name).toEqual(['REFUSED', false]);
    }
  });

  test('the deepest zone answers, among few zones and among many', () => {
    const inner = zoneOf('sub.bl.example.net', [listing(9)], [layerOf({ '10.0.0.0/8': 0 })]);
    const others = Array.from({ length: 20 }, (_, k) => zoneOf(`z${k}.example.net`, [], []));
    for (const zones of [
      [BL, inner],
      [BL, inner, ...others],
    ]) {
      const both = new Asked(zones);
      expect(answersOf(both.ask('1.0.0.10.sub.bl.example.net', 'A'))).toEqual(['A 127.0.0.9']);
      expect(rcodeOf(both.ask('1.0.0.10.bl.example.net', 'A'))).toBe('NXDOMAIN');
      expect(answersOf(both.ask('1.2.0.192.bl.example.net', 'A'))).toEqual(['A 127.0.0.2']);
    }
  });

  test('with keys it answers below a key, and nowhere else', () => {
    const keyed = new Asked([{ ...BL, keys: ['secret-key-1', 'secret-key-2'] }]);
    const below = (key: string) => keyed.ask(`7.2.0.192.${key}.bl.example.net`, 'A');
    expect(answersOf(below('secret-key-1'))).toEqual(['A 127.0.0.2']);
    expect(answersOf(below('SECRET-key-2'))).toEqual(['A 127.0.0.2']);
    expect(rcodeOf(below('secret-key-3'))).toBe('REFUSED');
    expect(rcodeOf(keyed.ask('7.2.0.192.bl.example.net', 'A'))).toBe('REFUSED');
    expect(rcodeOf(keyed.ask('bl.example.net', 'SOA'))).toBe('REFUSED');
    const negative = keyed.ask('1.1.1.1.secret-key-1.bl.example.net', 'A');
    expect(negative?.authorities?.[0]?.name).toBe('secret-key-1.bl.example.net');
  });

  test('SERVFAIL where it failed or ran out', () => {
    const failed = new Asked([{ ...BL, failed: 'no file' }]);
    expect(rcodeOf(failed.ask(nameOf('192.0.2.7'), 'A'))).toBe('SERVFAIL');
    const expiring = new Asked([{ ...BL, expiresAtMs: 1000 }]);
    expiring.responder.nowMs = 999;
    expect(rcodeOf(expiring.ask(nameOf('192.0.2.7'), 'A'))).toBe('NOERROR');
    expiring.responder.nowMs = 1000;
    expect(rcodeOf(expiring.ask(nameOf('192.0.2.7'), 'A'))).toBe('SERVFAIL');
  });
});

describe('names', () => {
  const names: NameLayer = namesOf({
    'spam.example': [NAME_KIND.exact, 0],
    'wild.example': [NAME_KIND.wildcard, 1],
    'deep.wild.example': [NAME_KIND.wildcard, 0],
  });
  const dn = new Asked([
    zoneOf('dn.example.net', [listing(2, 'subject'), listing(3)], [], [names]),
  ]);

  test.each([
    ['spam.example', 'A 127.0.0.2'],
    ['SPAM.example', 'A 127.0.0.2'],
    ['a.wild.example', 'A 127.0.0.3'],
    ['b.a.wild.example', 'A 127.0.0.3'],
    ['a.deep.wild.example', 'A 127.0.0.2'],
    ['deep.wild.example', 'A 127.0.0.3'],
  ])('%s is listed', (name, answer) => {
    expect(answersOf(dn.ask(`${name}.dn.example.net`, 'A'))).toEqual([answer]);
  });

  test('the text of a wildcard names what is listed', () => {
    expect(answersOf(dn.ask('a.deep.wild.example.dn.example.net', 'TXT'))).toEqual([
      'TXT deep.wild.example',
    ]);
  });

  test('what is above a listed name exists', () => {
    for (const name of ['wild.example', 'example']) {
      expect(rcodeOf(dn.ask(`${name}.dn.example.net`, 'A')), name).toBe('NOERROR');
    }
    for (const name of ['other.example', 'x.spam.example', 'xample']) {
      expect(rcodeOf(dn.ask(`${name}.dn.example.net`, 'A')), name).toBe('NXDOMAIN');
    }
  });

  function namesOf(entries: Readonly<Record<string, readonly [number, number]>>): NameLayer {
    const wires = Object.keys(entries).map((name) => wireName(name).subarray(0, -1));
    const offsets = [0];
    for (const wire of wires) offsets.push((offsets.at(-1) ?? 0) + wire.length);
    return {
      holds: 'listings',
      bytes: Buffer.concat(wires),
      offsets: Uint32Array.from(offsets),
      kinds: Uint8Array.from(Object.values(entries), ([kind]) => kind),
      answers: Uint32Array.from(Object.values(entries), ([, answer]) => answer),
    };
  }
});

describe('messages', () => {
  test('ANY gets one set of records (RFC 8482)', () => {
    expect(answersOf(asked.ask(nameOf('192.0.2.7'), 'ANY'))).toEqual(['A 127.0.0.2']);
  });

  test('EDNS: our version and size; another version gets BADVERS', () => {
    const reply = asked.ask(nameOf('192.0.2.7'), 'A', { edns: 4096 });
    expect(reply?.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232 }]);
    const query = encode({
      type: 'query',
      questions: [{ name: nameOf('192.0.2.7'), type: 'A' }],
      additionals: [
        { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] },
      ] as never,
    });
    query[query.length - 5] = 1; // the version
    const bad = asked.send(query) as Uint8Array;
    const { additionals, answers } = decode(Buffer.from(bad));
    expect(additionals).toMatchObject([{ extendedRcode: 1 }]);
    expect([answers?.length, (bad[3] as number) & 15]).toEqual([0, 0]);
  });

  test('what does not fit is cut, and comes whole by TCP', () => {
    const many = {
      records: Array.from({ length: 60 }, (_, k) => ({
        type: 'A' as const,
        ttlSeconds: 60,
        address: 0x7f000002 + k,
      })),
    };
    const large = new Asked([zoneOf('bl.example.net', [many], [layerOf({ '192.0.2.0/24': 0 })])]);
    const name = nameOf('192.0.2.7');
    const cut = large.ask(name, 'A');
    expect([cut?.flag_tc, cut?.answers?.length, cut?.questions?.length]).toEqual([true, 0, 1]);
    expect(large.ask(name, 'A', { edns: 1232 })?.answers).toHaveLength(60);
    expect(large.ask(name, 'A', { transport: 'tcp' })?.answers).toHaveLength(60);
    expect(large.ask(name, 'A', { edns: 100 })?.flag_tc).toBe(true);
  });

  test('as many records and lists at one name as there are', () => {
    const lists = Array.from({ length: 300 }, (_, k) => `list-${k}`);
    const answers = lists.map((list, k) => ({ ...listing(k + 2), lists: [list] }));
    const layers = lists.map((_, k) => layerOf({ '192.0.2.0/24': k }));
    const large = new Asked([zoneOf('bl.example.net', answers, layers)]);
    const all = large.ask(nameOf('192.0.2.7'), 'A', { transport: 'tcp' });
    expect(answersOf(all)).toEqual(
      lists.map((_, k) => `A 127.0.${(k + 2) >> 8}.${(k + 2) & 255}`).sort(),
    );
    expect([...large.counters.lists]).toEqual(lists.map(() => 1));
  });

  test('replies, and what has no header, are not answered', () => {
    const reply = encode({ type: 'response', id: 1, questions: [{ name: 'a', type: 'A' }] });
    expect(asked.send(reply)).toBeUndefined();
    for (let length = 0; length < 12; length++) {
      expect(asked.send(new Uint8Array(length))).toBeUndefined();
    }
  });

  test('a query cut anywhere gets FORMERR, no longer than itself', () => {
    const query = encode({
      type: 'query',
      id: 9,
      questions: [{ name: nameOf('192.0.2.7'), type: 'A' }],
    });
    for (let length = 12; length < query.length; length++) {
      const reply = asked.send(query.subarray(0, length)) as Uint8Array;
      expect([(reply[3] as number) & 15, reply.length]).toEqual([1, 12]);
    }
    expect((asked.send(Buffer.concat([query, Buffer.of(0)])) as Uint8Array)[3]).toBe(1);
  });

  test('other opcodes, meta types and classes', () => {
    const notify = encode({
      type: 'query',
      flags: 4 << 11,
      questions: [{ name: 'bl.example.net', type: 'SOA' }],
    });
    expect((asked.send(notify) as Uint8Array)[3]).toBe(4);
    for (const type of ['AXFR', 'IXFR']) {
      expect(rcodeOf(asked.ask('bl.example.net', type)), type).toBe('REFUSED');
    }
    expect(rcodeOf(asked.ask('bl.example.net', 'SOA', { class: 'CH' }))).toBe('REFUSED');
  });
});

describe('clients', () => {
  const access = {
    layers: {
      v4: layerOf({
        '10.0.0.1': ACCESS.ignore,
        '10.0.0.2': ACCESS.refuse,
        '10.0.0.3': ACCESS.empty,
        '10.0.0.4': ACCESS.pass,
        '10.0.0.5': FIRST_ACCESS_ANSWER,
      }),
      v6: layerOf({ '2001:db8::1': ACCESS.refuse }),
    },
    answers: [listing(9, 'you are ', 'subject')],
  };
  const judged = new Asked([BL], access);
  const name = nameOf('192.0.2.7');

  test.each([
    ['10.0.0.2', 'REFUSED', 0],
    ['2001:db8::1', 'REFUSED', 0],
    ['10.0.0.3', 'NXDOMAIN', 0],
    ['10.0.0.4', 'NOERROR', 1],
    ['10.0.0.9', 'NOERROR', 1],
  ])('%s gets %s', (client, rcode, answers) => {
    const reply = judged.ask(name, 'A', { client });
    expect([rcodeOf(reply), reply?.answers?.length]).toEqual([rcode, answers]);
  });

  test('one that is to be ignored gets nothing', () => {
    expect(judged.ask(name, 'A', { client: '10.0.0.1' })).toBeUndefined();
  });

  test('one that is always listed is, with its own address, whatever it asks about', () => {
    for (const address of ['192.0.2.7', '8.8.8.8']) {
      const reply = judged.ask(nameOf(address), 'TXT', { client: '10.0.0.5' });
      expect(answersOf(reply)).toEqual(['TXT you are 10.0.0.5']);
    }
    expect(rcodeOf(judged.ask('no.address.bl.example.net', 'A', { client: '10.0.0.5' }))).toBe(
      'NXDOMAIN',
    );
  });

  test('a refused client gets no more bytes than it sent, with EDNS too', () => {
    const query = encode({ type: 'query', questions: [{ name, type: 'A' }] });
    const reply = judged.send(query, { client: '10.0.0.2' });
    expect(reply?.length).toBe(query.length);
    expect(judged.ask(name, 'A', { client: '10.0.0.2', edns: 1232 })?.additionals).toEqual([]);
  });

  test('beyond the rate every second reply is cut to the question, and others are not sent', () => {
    const limit = { responsesPerSecond: 3, slip: 2, prefix4: 24, prefix6: 56 };
    const limited = new Asked([BL], access, new RateLimiter(limit, newRateTable(1)));
    const ask = (client: string) => limited.ask(name, 'A', { client });
    const replies = Array.from({ length: 7 }, (_, k) => ask(`198.51.100.${k}`));
    expect(replies.map((reply) => reply && [reply.flag_tc, reply.answers?.length])).toEqual([
      ...new Array(3).fill([false, 1]),
      undefined,
      [true, 0],
      undefined,
      [true, 0],
    ]);
    expect(ask('203.0.113.1')?.flag_tc).toBe(false);
    for (let k = 0; k < 20; k++) {
      expect(ask('127.0.0.1')?.flag_tc).toBe(false);
      expect(ask('10.0.0.4')?.flag_tc).toBe(false);
    }
    limited.responder.nowMs = 1000;
    expect(ask('198.51.100.9')?.flag_tc).toBe(false);
  });
});
