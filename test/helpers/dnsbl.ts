import { decode, encode } from 'dns-packet';
import type { Answer, DecodedPacket, Question } from 'dns-packet';

import { Client } from '../../src/dnsbl/answer/client.js';
import { type Counters, newCounters } from '../../src/dnsbl/answer/counters.js';
import type { RateLimiter } from '../../src/dnsbl/answer/rate-limiter.js';
import { Responder, type Transport } from '../../src/dnsbl/answer/responder.js';
import { type GlobalAccess, compileZones } from '../../src/dnsbl/index/compile.js';
import { parseName } from '../../src/dnsbl/wire/name.js';
import type {
  AddressLayer,
  NameLayer,
  Soa,
  TextPart,
  ZoneAnswer,
  ZoneSource,
} from '../../src/dnsbl/zone/zone-source.js';
import { parseAddress } from '../../src/ip/address.js';
import { parseRange } from '../../src/ip/notation.js';

/** A name in wire form. */
export function wireName(text: string): Uint8Array {
  const name = parseName(text);
  if (name === undefined) throw new Error(`${text} is no name`);
  return name;
}

export const SOA: Soa = {
  ttlSeconds: 60,
  primary: wireName('ns.example.net'),
  person: wireName('root.example.net'),
  serial: 7,
  refreshSeconds: 600,
  retrySeconds: 120,
  expireSeconds: 604_800,
  minimumSeconds: 5,
};

/** A zone of plain groups: layers for the zone itself. */
export function zoneOf(
  name: string,
  answers: readonly ZoneAnswer[],
  addresses: readonly AddressLayer[],
  names: readonly NameLayer[] = [],
  more: Partial<ZoneSource> = {},
): ZoneSource {
  return {
    name: wireName(name),
    soa: SOA,
    nameServers: { ttlSeconds: 60, names: [wireName('ns.example.net')] },
    answers,
    groups: [{ branches: [{ below: Uint8Array.of(0), addresses, names }] }],
    ...more,
  };
}

/** Ranges as people write them, each with its answer; sorted and disjoint as given. */
export function layerOf(entries: Readonly<Record<string, number>>): AddressLayer {
  const ranges = Object.keys(entries).map((text) => {
    const range = parseRange(text);
    if ('expected' in range) throw new Error(`${text}: ${range.expected}`);
    return range;
  });
  const family = ranges[0]?.family ?? 4;
  const join = (words: readonly Uint32Array[]): Uint32Array =>
    Uint32Array.from(words.flatMap((one) => [...one]));
  return {
    family,
    firsts: join(ranges.map((range) => range.first)),
    lasts: join(ranges.map((range) => range.last)),
    answers: Uint32Array.from(Object.values(entries)),
  };
}

/** An A record of 127.0.0.n and, where given, a TXT, of which `subject` and `prefix` are parts. */
export function listing(n: number, ...text: readonly string[]): ZoneAnswer {
  const parts = text.map((part): TextPart =>
    part === 'subject' || part === 'prefix' ? part : new TextEncoder().encode(part),
  );
  return {
    records: [
      { type: 'A', ttlSeconds: 60, address: 0x7f000000 + n },
      ...(parts.length > 0 ? [{ type: 'TXT' as const, ttlSeconds: 60, text: parts }] : []),
    ],
  };
}

/** What was asked beyond name and type. */
export interface AskOptions {
  readonly client?: string;
  readonly transport?: Transport;
  /** UDP size of an OPT record. */
  readonly edns?: number;
  readonly flags?: number;
  readonly class?: Question['class'];
}

/** Zones behind the pure answer function, asked with messages of dns-packet. */
export class Asked {
  readonly responder: Responder;
  readonly counters: Counters;
  readonly #client = new Client();

  constructor(zones: readonly ZoneSource[], access?: GlobalAccess, limiter?: RateLimiter) {
    const compiled = compileZones(zones, access);
    this.counters = newCounters(compiled.zones.length, compiled.answers.lists.length);
    this.responder = new Responder(compiled, this.counters, limiter);
  }

  /** @returns undefined where nothing is answered */
  ask(name: string, type: string, options: AskOptions = {}): DecodedPacket | undefined {
    const query = encode({
      type: 'query',
      id: 4711,
      flags: options.flags ?? 0x100,
      questions: [{ name, type: type as 'A', ...(options.class && { class: options.class }) }],
      ...(options.edns !== undefined && { additionals: [optRecord(options.edns)] }),
    });
    const reply = this.send(query, options);
    return reply && decode(Buffer.from(reply));
  }

  /** The reply to a message, as bytes. */
  send(message: Uint8Array, options: AskOptions = {}): Uint8Array | undefined {
    const bytes = new Uint8Array(65_535);
    bytes.set(message);
    setClient(this.#client, options.client ?? '127.0.0.1');
    const { transport = 'udp' } = options;
    const length = this.responder.answer(
      bytes,
      0,
      message.length,
      bytes.length,
      this.#client,
      transport,
    );
    return length === 0 ? undefined : bytes.subarray(0, length);
  }
}

export function setClient(client: Client, text: string): void {
  const address = parseAddress(text);
  if ('expected' in address) throw new Error(`${text} is no address`);
  if (address.family === 4) client.set4(address.words[0] as number);
  else {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    for (const [k, word] of address.words.entries()) view.setUint32(4 * k, word);
    client.set6(bytes, 0);
  }
}

function optRecord(udpPayloadSize: number): Answer {
  return { type: 'OPT', name: '.', udpPayloadSize, flags: 0, options: [] } as unknown as Answer;
}

/** `TYPE data` of the answers, sorted. */
export function answersOf(reply: DecodedPacket | undefined): string[] {
  return (reply?.answers ?? [])
    .map((answer) => {
      const { data } = answer as { data: unknown };
      return `${answer.type} ${Array.isArray(data) ? data.map(String).join('') : String(data)}`;
    })
    .sort();
}

/** Rcode by name, which the types of dns-packet leave out. */
export function rcodeOf(reply: DecodedPacket | undefined): string | undefined {
  return (reply as unknown as { rcode?: string } | undefined)?.rcode;
}
