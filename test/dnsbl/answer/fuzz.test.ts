import dnsPacket, { type DecodedPacket } from 'dns-packet';
import { expect, test } from 'vitest';

import { Client } from '../../../src/dnsbl/answer/client.js';
import { newCounters } from '../../../src/dnsbl/answer/counters.js';
import { Query, READ } from '../../../src/dnsbl/answer/query.js';
import { RateLimiter, newRateTable } from '../../../src/dnsbl/answer/rate-limiter.js';
import { Responder, type Transport } from '../../../src/dnsbl/answer/responder.js';
import { compileZones } from '../../../src/dnsbl/index/compile.js';
import { ACCESS, NAME_KIND } from '../../../src/dnsbl/zone/zone-source.js';
import type { ZoneSource } from '../../../src/dnsbl/zone/zone-source.js';
import { layerOf, listing, setClient, wireName, zoneOf } from '../../helpers/dnsbl.js';
import { Seeded } from '../../helpers/seeded.js';

/*
 * Mutated queries against the pure answer function. SEKISHO_FUZZ says how many (100,000 by default),
 * SEKISHO_SEED where the random numbers begin.
 */

const COUNT = Number(process.env['SEKISHO_FUZZ'] || 100_000);
const SEED = Number(process.env['SEKISHO_SEED'] || 1);

const LONG = 'x'.repeat(250);
const ANSWERS = [
  listing(2, 'listed: ', 'subject', ' in ', 'prefix'),
  { records: Array.from({ length: 60 }, (_, k) => listing(3, `${k} ${LONG}`).records).flat() },
];
const NO_CLIENTS = {
  family: 6 as const,
  firsts: new Uint32Array(0),
  lasts: new Uint32Array(0),
  answers: new Uint32Array(0),
};

const ZONES: readonly ZoneSource[] = [
  zoneOf('bl.test', ANSWERS, [
    layerOf({ '10.0.0.0/8': 0, '192.0.2.1': 1 }),
    layerOf({ '2001:db8::/32': 0 }),
  ]),
  zoneOf(
    'names.test',
    ANSWERS,
    [],
    [
      {
        holds: 'listings',
        bytes: Buffer.from('\x03www\x04mail\x03com'),
        offsets: Uint32Array.of(0, 4, 13),
        kinds: Uint8Array.of(NAME_KIND.exact, NAME_KIND.wildcard),
        answers: Uint32Array.of(1, 0),
      },
    ],
    { tellsNameServers: true },
  ),
  zoneOf('keyed.test', ANSWERS, [layerOf({ '0.0.0.0/0': 0 })], [], { keys: ['secret'] }),
  { name: wireName('failed.test'), answers: [], groups: [], failed: 'on purpose' },
];

/** Who asks, and whether what he gets may be larger than what he sent. */
const CLIENTS = [
  { address: '127.0.0.1', isTrusted: true },
  { address: '::1', isTrusted: true },
  { address: '192.0.2.66', isTrusted: false },
  { address: '198.51.100.7', isTrusted: true },
] as const;
const REFUSED_CLIENT = '192.0.2.66';

const COMPILED = compileZones(
  ZONES,
  {
    layers: { v4: layerOf({ [REFUSED_CLIENT]: ACCESS.refuse }), v6: NO_CLIENTS },
    answers: [],
  },
  'version of a test',
);
const NIBBLES = '8.b.d.0.1.0.0.2';
const NAMES = [
  ...['1.0.0.10.bl.test', '1.2.0.192.bl.test', '1.0.0.11.bl.test', 'bl.test', '10.bl.test'],
  ...[`${'0.'.repeat(24)}${NIBBLES}.bl.test`, `0.${NIBBLES}.bl.test`],
  ...[
    'www.names.test',
    'a.b.mail.com.names.test',
    'com.names.test',
    `${'l'.repeat(63)}.names.test`,
  ],
  ...['1.0.0.127.secret.keyed.test', '1.0.0.127.keyed.test', 'x.failed.test', 'else.where', '.'],
  ...['version.bind', `${'a.'.repeat(110)}bl.test`],
];
const TYPES = ['A', 'TXT', 'SOA', 'NS', 'MX', 'AAAA', 'ANY', 'AXFR', 'UNKNOWN_65'];
/** Before and behind the memory that a query lies in. */
const GUARD = 64;
const GUARD_BYTE = 0xa5;

function randomMessage(random: Seeded): Buffer {
  const edns = random.chance(0.5)
    ? [{ type: 'OPT', name: '.', udpPayloadSize: random.pick([0, 512, 700, 1232, 4096]), flags: 0 }]
    : [];
  return dnsPacket.encode({
    type: 'query',
    id: random.integer(65_536),
    flags: random.pick([0, 0x100]),
    questions: [
      {
        name: random.pick(NAMES),
        type: random.pick(TYPES) as 'A',
        class: random.chance(0.05) ? 'CH' : 'IN',
      },
    ],
    additionals: edns.map((one) => ({ ...one, options: [] }) as unknown as dnsPacket.Answer),
  });
}

function mutated(random: Seeded, message: Buffer): Buffer {
  const bytes = Buffer.from(message);
  const at = random.integer(bytes.length);
  switch (random.integer(9)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << random.integer(8));
      return bytes;
    case 1:
      bytes[at] = random.pick([0, 1, 63, 64, 127, 128, 191, 192, 255, random.integer(256)]);
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes, Buffer.from(random.some(40, () => random.integer(256)))]);
    case 4: {
      const some = Buffer.from(random.some(4, () => random.integer(256)));
      return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)]);
    }
    case 5: {
      const other = randomMessage(random);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.integer(other.length))]);
    }
    case 6:
      bytes[4 + random.integer(8)] = random.pick([0, 1, 2, 255]);
      return bytes;
    case 7:
      bytes[2 + random.integer(2)] = random.integer(256);
      return bytes;
    default: {
      // a compressed name in place of the question's
      const pointer = Buffer.from([0xc0, random.pick([0, 12, 13, 255])]);
      return Buffer.concat([bytes.subarray(0, 12), pointer, bytes.subarray(12)]);
    }
  }
}

/** What dns-packet makes of it, if it understands it to its end. */
function decoded(message: Buffer): DecodedPacket | undefined {
  try {
    const packet = dnsPacket.decode(message);
    return dnsPacket.decode.bytes === message.length ? packet : undefined;
  } catch {
    return undefined; // what it makes of bad messages is not the matter here
  }
}

/** The server of the test: a responder in memory with guards around it. */
class Guarded {
  readonly #memory = new Uint8Array(GUARD + 65_535 + GUARD);
  readonly #client = new Client();
  readonly #responder: Responder;

  constructor(responder: Responder) {
    this.#responder = responder;
  }

  answer(message: Buffer, client: string, transport: Transport, capacity: number): Buffer {
    const memory = this.#memory.subarray(0, GUARD + capacity + GUARD);
    memory.fill(GUARD_BYTE);
    memory.set(message, GUARD);
    setClient(this.#client, client);
    const size = this.#responder.answer(
      memory,
      GUARD,
      message.length,
      capacity,
      this.#client,
      transport,
    );
    const isWhole = (guard: Uint8Array): boolean => guard.every((byte) => byte === GUARD_BYTE);
    expect(isWhole(memory.subarray(0, GUARD)) && isWhole(memory.subarray(GUARD + capacity))).toBe(
      true,
    );
    return Buffer.from(memory.subarray(GUARD, GUARD + size));
  }
}

/** What is wrong with the reply; undefined where nothing is. */
function fault(
  message: Buffer,
  reply: Buffer,
  isTrusted: boolean,
  transport: Transport,
  capacity: number,
): string | undefined {
  if (reply.length === 0) return undefined;
  if (reply.length < 12) return 'shorter than a header';
  if (reply.readUInt16BE(0) !== message.readUInt16BE(0)) return 'another identifier';
  const flags = reply.readUInt16BE(2);
  if ((flags & 0x8000) === 0) return 'not marked as a reply';
  if (reply.length > limitOf(message, transport, capacity)) return 'too long';
  const isError = ![0, 3].includes(flags & 15);
  const isCut = (flags & 0x200) !== 0;
  if ((isError || isCut || !isTrusted) && reply.length > message.length) return 'longer than asked';
  const packet = decoded(reply);
  if (packet === undefined) return 'not understood';
  if (isCut && (packet.answers ?? []).length > 0) return 'cut, with answers';
  return undefined;
}

function limitOf(message: Buffer, transport: Transport, capacity: number): number {
  if (transport === 'tcp') return capacity;
  const packet = decoded(message);
  const opt = packet?.additionals?.find(({ type }) => type === 'OPT');
  if (packet === undefined) return Math.min(1232, capacity);
  const size = (opt as { udpPayloadSize?: number } | undefined)?.udpPayloadSize ?? 512;
  return Math.min(1232, capacity, Math.max(512, size));
}

/** Compares what was read with what dns-packet reads; tells where they disagree. */
function readingFault(query: Query, message: Buffer): string | undefined {
  const read = query.read(message, 0, message.length);
  const packet = decoded(message);
  if (read === READ.drop || packet === undefined || query.opcode !== 0) return undefined;
  const { questions = [], answers = [], authorities = [], additionals = [] } = packet;
  const [question] = questions;
  if (read === READ.ok) {
    const name = readName(query);
    if (questions.length !== 1 || question?.name.toLowerCase() !== name) {
      return `name ${name}, dns-packet ${question?.name ?? 'none'}`;
    }
    const type = dnsPacket.encode({ questions: [{ ...question, name: 'x' }] }).readUInt16BE(15);
    return type === query.type ? undefined : `type ${query.type}, dns-packet ${type}`;
  }
  const options = additionals.filter((record) => record.type === 'OPT');
  const isPlain =
    questions.length === 1 &&
    answers.length === 0 &&
    authorities.length === 0 &&
    options.length < 2 &&
    options.every(({ name }) => name === '.') &&
    !message.subarray(12).some((byte) => byte >= 64) &&
    (question?.name.length ?? 0) < 254;
  return isPlain ? 'refused, dns-packet takes it' : undefined;
}

function readName({ name, nameEnd }: Query): string {
  const labels: string[] = [];
  for (let at = 0; at < nameEnd; at += 1 + (name[at] as number)) {
    labels.push(Buffer.from(name.subarray(at + 1, at + 1 + (name[at] as number))).toString());
  }
  return labels.length === 0 ? '.' : labels.join('.').toLowerCase();
}

test(
  `${COUNT} mutated queries`,
  () => {
    const random = new Seeded(SEED);
    const counters = newCounters(COMPILED.zones.length, 0);
    const limit = { responsesPerSecond: 5, slip: 3, prefix4: 24, prefix6: 56 };
    const open = new Guarded(new Responder(COMPILED, counters));
    // the clock stands still: after five replies the client is limited for good
    const limited = new Guarded(
      new Responder(COMPILED, counters, new RateLimiter(limit, newRateTable(1))),
    );
    for (let k = 0; k < 5; k++) limited.answer(randomMessage(random), '198.51.100.7', 'udp', 1232);
    const valid = Array.from({ length: 50 }, () => {
      const message = randomMessage(random);
      return { message, reply: open.answer(message, '127.0.0.1', 'udp', 1232) };
    });
    const query = new Query();
    const faults: string[] = [];
    let answered = 0;
    for (let k = 0; k < COUNT && faults.length < 10; k++) {
      let message = mutated(random, randomMessage(random));
      for (let more = random.integer(3); more > 0 && message.length > 0; more--) {
        message = mutated(random, message);
      }
      message = message.subarray(0, 1232);
      const { address, isTrusted } = random.pick(CLIENTS);
      const isLimited = random.chance(0.2) && address === '198.51.100.7';
      const transport = isLimited ? 'udp' : random.pick(['udp', 'udp', 'tcp'] as const);
      const capacity = transport === 'udp' ? random.pick([1232, 1280]) : 65_535;
      const server = isLimited ? limited : open;
      const reply = server.answer(message, address, transport, capacity);
      if (reply.length > 0) answered++;
      const wrong =
        fault(message, reply, isTrusted && !isLimited, transport, capacity) ??
        readingFault(query, message);
      if (wrong !== undefined) {
        faults.push(`seed ${SEED}, ${k}: ${wrong}: ${message.toString('hex')}`);
      }
      if (k % 50 !== 0) continue;
      const one = random.pick(valid);
      if (!open.answer(one.message, '127.0.0.1', 'udp', 1232).equals(one.reply)) {
        faults.push(`seed ${SEED}, ${k}: a valid query gets another answer than at first`);
      }
    }
    expect(faults).toEqual([]);
    expect(answered).toBeGreaterThan(COUNT / 2);
  },
  60_000 + COUNT / 2,
);
