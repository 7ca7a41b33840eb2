import type { AccessMaps, CompiledZone, CompiledZones } from '../index/compile.js';
import { sameBytes } from '../index/hash.js';
import { findZone } from '../index/zone-table.js';
import { get16 } from '../wire/bytes.js';
import { CLASS, PLAIN_UDP_BYTES, RCODE, TYPE } from '../wire/codes.js';
import { ACCESS, FIRST_ACCESS_ANSWER } from '../zone/zone-source.js';
import { accessOf, isLoopback } from './access.js';
import type { Client } from './client.js';
import { COUNTED, COUNTED_FIELDS, type Counters } from './counters.js';
import { Listings } from './find-listings.js';
import { Query, READ } from './query.js';
import { LIMITED, type RateLimiter } from './rate-limiter.js';
import { Reply, bareReply, isError } from './reply.js';

/** Wire form without the root's zero. */
const VERSION_NAMES = [Buffer.from('\x07version\x04bind'), Buffer.from('\x07version\x06server')];

/** Transports differ in how large a reply may be. */
export type Transport = 'udp' | 'tcp';

/**
 * Answers DNS queries from compiled zones (RFC 1034, 1035, 2308, 5782, 6891, 8020, 8482): message
 * in, reply in its place, nothing else. Nothing is allocated for a query (but the text of an
 * IPv6 address where a TXT holds one).
 *
 * After each `answer` the fields `zone`, `rcode`, `listing` and `query` say what it was.
 */
export class Responder {
  /** The time, for zones that expire; set by the transport once for each batch. */
  nowMs = 0;
  /** Number of the zone that answered the last query; the number of zones where none did. */
  zone = 0;
  rcode = 0;
  /** Number of the first answer that was listed; −1 where nothing was. */
  listing = -1;
  readonly query = new Query();

  readonly #zones: CompiledZones;
  readonly #counters: Counters;
  readonly #limiter: RateLimiter | undefined;
  /** The memory of all answers. */
  readonly #answerBytes: DataView;
  readonly #listings = new Listings();
  readonly #reply: Reply;
  /** Labels of the name by which the zone was found. */
  #zoneLabels = 0;

  /** @param counters made by `newCounters` for these zones and lists */
  constructor(zones: CompiledZones, counters: Counters, limiter?: RateLimiter) {
    this.#zones = { ...zones, zones: zones.zones.map(withOwnRecords) };
    const { buffer, byteOffset, byteLength } = zones.answers.bytes;
    this.#answerBytes = new DataView(buffer, byteOffset, byteLength);
    this.#reply = new Reply(zones.namedRanges);
    this.#counters = counters;
    this.#limiter = limiter;
  }

  /**
   * Answers the message `bytes[at…at + length)` in its place.
   *
   * @param capacity bytes from `at` on that a reply may use, at least 512
   * @returns length of the reply; 0 where none is to be sent
   */
  answer(
    bytes: Uint8Array,
    at: number,
    length: number,
    capacity: number,
    client: Client,
    transport: Transport,
  ): number {
    this.zone = this.#zones.zones.length;
    this.rcode = RCODE.NOERROR;
    this.listing = -1;
    const size = this.#answer(bytes, at, length, capacity, client, transport);
    const block = this.zone * COUNTED_FIELDS;
    const counted = this.#counters.zones;
    add(counted, block + COUNTED.bytesIn, length);
    add(counted, block + COUNTED.bytesOut, size);
    return size;
  }

  #answer(
    bytes: Uint8Array,
    at: number,
    length: number,
    capacity: number,
    client: Client,
    transport: Transport,
  ): number {
    const { query } = this;
    const read = query.read(bytes, at, length);
    const verdict = this.#zones.access ? accessOf(this.#zones.access, client) : 0;
    if (read === READ.drop || verdict === ACCESS.ignore) return this.#drop();
    const limited = this.#limit(client, verdict, transport);
    if (limited === LIMITED.drop) return 0;
    if (read === READ.faulty) return this.#bare(bytes, at, RCODE.FORMERR);
    if (query.opcode !== 0) return this.#bare(bytes, at, RCODE.NOTIMP);
    const reply = this.#reply;
    const largest = query.hasEdns ? query.udpBytes : PLAIN_UDP_BYTES;
    reply.begin(bytes, at, query, transport === 'tcp' ? capacity : Math.min(capacity, largest));
    if (limited === LIMITED.slip) {
      reply.isTruncated = true;
      return this.#finish(RCODE.NOERROR, false, false);
    }
    if (verdict === ACCESS.refuse) return this.#refuse(client);
    if (query.hasEdns && query.ednsVersion !== 0) return this.#finish(RCODE.BADVERS, false);
    if (query.klass !== CLASS.IN && query.klass !== CLASS.ANY) return this.#answerVersion();
    if (isTransfer(query.type)) return this.#finish(RCODE.REFUSED);
    if (isQueryOnly(query.type)) return this.#finish(RCODE.NOTIMP);
    return this.#answerFromZone(client, verdict);
  }

  /** To a client that no zone serves, unless the zone that is asked has it ignored. */
  #refuse(client: Client): number {
    const { query } = this;
    const { zones, table } = this.#zones;
    const name = findZone(table, query);
    const access = name < 0 ? undefined : zones[table.zones[name] as number]?.access;
    if (access && accessOf(access, client) === ACCESS.ignore) return this.#drop();
    const rcode = isQueryOnly(query.type) && !isTransfer(query.type) ? RCODE.NOTIMP : RCODE.REFUSED;
    return this.#finish(rcode, false, false);
  }

  /** `version.bind` and `version.server`, TXT of the class CHAOS (RFC 4892). */
  #answerVersion(): number {
    const { version } = this.#zones;
    const { klass, type, name, nameEnd } = this.query;
    const isAsked =
      klass === CLASS.CHAOS &&
      type === TYPE.TXT &&
      VERSION_NAMES.some(
        (asked) => asked.length === nameEnd && sameBytes(asked, 0, name, 0, nameEnd),
      );
    if (version.length === 0 || !isAsked) return this.#finish(RCODE.REFUSED);
    this.#reply.addOwned(version, 0, version.length, 0, false);
    add(this.#counters.zones, this.zone * COUNTED_FIELDS + COUNTED.listed, 1);
    return this.#finish(RCODE.NOERROR);
  }

  #answerFromZone(client: Client, globalVerdict: number): number {
    const { query } = this;
    const { zones, table } = this.#zones;
    const name = findZone(table, query);
    if (name < 0) return this.#finish(RCODE.REFUSED);
    this.zone = table.zones[name] as number;
    const zone = zones[this.zone] as CompiledZone;
    if (zone.state === 'closed') return this.#finish(RCODE.REFUSED);
    const own = zone.access ? accessOf(zone.access, client) : 0;
    if (own === ACCESS.ignore) return this.#drop();
    if (zone.state === 'failed' || zone.expiresAtMs <= this.nowMs) {
      return this.#finish(RCODE.SERVFAIL);
    }
    if (own === ACCESS.refuse) return this.#finish(RCODE.REFUSED);
    const zoneBytes = (table.names[name] as Uint8Array).length;
    const owner = query.nameEnd - zoneBytes;
    this.#zoneLabels = table.labels[name] as number;
    return this.#answerName(zone, owner, client, globalVerdict, own);
  }

  /** Verdicts are those of the access maps: of every zone, and of this one. */
  #answerName(
    zone: CompiledZone,
    owner: number,
    client: Client,
    globalVerdict: number,
    own: number,
  ): number {
    const { query } = this;
    const listings = this.#listings;
    const isApex = owner === 0;
    if (isApex && !this.#addApexRecords(zone)) return this.#finish(RCODE.REFUSED);
    const isEmpty = globalVerdict === ACCESS.empty || own === ACCESS.empty;
    const isAlways = isAnswer(globalVerdict) || isAnswer(own);
    listings.find(query, this.#zoneLabels, zone.groups, isEmpty || isAlways);
    const isClientListed = isAlways && !isEmpty && listings.isCovered;
    if (isClientListed) this.#addClientListing(zone, client, globalVerdict, own);
    this.#addListings();
    const reply = this.#reply;
    if (reply.isTruncated && listings.count > 1) {
      reply.beginAside(query);
      if (isApex) this.#addApexRecords(zone);
      if (isClientListed) this.#addClientListing(zone, client, globalVerdict, own);
      this.#addListings();
      reply.endAside();
    }
    for (let k = 0; k < listings.count; k++) this.#countLists(listings.answers[k] as number);
    const block = this.zone * COUNTED_FIELDS;
    if (reply.answerCount > 0 || reply.isTruncated) {
      add(this.#counters.zones, block + COUNTED.listed, 1);
      if (zone.tellsNameServers && !reply.isTruncated) reply.addAuthority(zone.nameServers, owner);
      return this.#finish(RCODE.NOERROR, true);
    }
    const isAbove = isAlways && !isEmpty && listings.isAboveCovered;
    const exists = isApex || listings.exists || isAbove || listings.count > 0 || this.listing >= 0;
    add(this.#counters.zones, block + (exists ? COUNTED.empty : COUNTED.nxdomain), 1);
    if (zone.negativeSoa.length > 0) {
      reply.addOwned(zone.negativeSoa, 0, zone.negativeSoa.length, owner, true);
    }
    return this.#finish(exists ? RCODE.NOERROR : RCODE.NXDOMAIN, true);
  }

  /** SOA and NS at the zone's own name; false where one is asked for that the zone lacks. */
  #addApexRecords(zone: CompiledZone): boolean {
    const { type } = this.query;
    const reply = this.#reply;
    if (type === TYPE.SOA || type === TYPE.ANY) {
      if (zone.soa.length === 0) return false;
      reply.addOwned(zone.soa, 0, zone.soa.length, 0, false);
    }
    if (type !== TYPE.NS) return true;
    const records = zone.nameServers;
    if (records.length === 0) return false;
    for (let i = 0; i < records.length;) {
      const length = ((records[i] as number) << 8) | (records[i + 1] as number);
      reply.addOwned(records, i + 2, length, 0, false);
      i += 2 + length;
    }
    return true;
  }

  #addListings(): void {
    const listings = this.#listings;
    if (listings.count === 0) return;
    this.listing = listings.answers[0] as number;
    const { type } = this.query;
    const wanted = type === TYPE.ANY ? TYPE.A : type;
    this.#addAnswers(wanted);
    // ANY gets one set of records that there are (RFC 8482 4.1)
    if (type === TYPE.ANY && this.#reply.answerCount === 0) this.#addAnswers(TYPE.TXT);
    if (type === TYPE.ANY && this.#reply.answerCount === 0) this.#addAnswers(TYPE.MX);
    if (listings.count > 1 && this.#reply.answerCount > 1) this.#reply.settle();
  }

  #addAnswers(type: number): void {
    const listings = this.#listings;
    for (let k = 0; k < listings.count; k++) {
      listings.select(k);
      this.#addAnswer(listings.answers[k] as number, type, undefined);
    }
  }

  /** The client itself is listed, whatever it asks about (rbldnsd's acl). */
  #addClientListing(zone: CompiledZone, client: Client, globalVerdict: number, own: number): void {
    const isGlobal = isAnswer(globalVerdict);
    const maps = (isGlobal ? this.#zones.access : zone.access) as AccessMaps;
    const answer = (isGlobal ? globalVerdict : own) + maps.answersFrom;
    this.listing = answer;
    const { type } = this.query;
    this.#addAnswer(answer, type === TYPE.ANY ? TYPE.A : type, client);
  }

  /** Appends an answer's records of one type. */
  #addAnswer(answer: number, type: number, client: Client | undefined): void {
    const bytes = this.#answerBytes;
    let i = this.#zones.answers.offsets[answer] as number;
    i += 2 + 2 * bytes.getUint16(i);
    let left = bytes.getUint16(i);
    i += 2;
    for (; left > 0; left--) {
      const length = bytes.getUint16(i + 2);
      if (bytes.getUint8(i) === type) {
        const reply = this.#reply;
        if (bytes.getUint8(i + 1) === 0) reply.addRecord(bytes, i + 4, length);
        else reply.addFilledText(bytes, i + 4, length, this.query, this.#listings, client);
      }
      i += 4 + length;
    }
  }

  #countLists(answer: number): void {
    const { bytes, offsets } = this.#zones.answers;
    const at = offsets[answer] as number;
    const count = get16(bytes, at);
    for (let k = 1; k <= count; k++) add(this.#counters.lists, get16(bytes, at + 2 * k), 1);
  }

  #limit(client: Client, verdict: number, transport: Transport): number {
    if (!this.#limiter || transport === 'tcp' || verdict === ACCESS.pass || isLoopback(client)) {
      return LIMITED.no;
    }
    const limited = this.#limiter.judge(client, this.nowMs);
    if (limited !== LIMITED.no) {
      add(this.#counters.zones, this.zone * COUNTED_FIELDS + COUNTED.limited, 1);
    }
    return limited;
  }

  #drop(): number {
    add(this.#counters.zones, this.zone * COUNTED_FIELDS + COUNTED.dropped, 1);
    return 0;
  }

  #bare(bytes: Uint8Array, at: number, rcode: number): number {
    this.rcode = rcode;
    add(this.#counters.zones, this.zone * COUNTED_FIELDS + COUNTED.errors, 1);
    return bareReply(bytes, at, rcode);
  }

  /** @param withEdns false for clients that get no more bytes than they sent */
  #finish(rcode: number, isAuthoritative = false, withEdns = true): number {
    this.rcode = rcode;
    if (isError(rcode)) {
      add(this.#counters.zones, this.zone * COUNTED_FIELDS + COUNTED.errors, 1);
    }
    return this.#reply.finish(this.query, rcode, isAuthoritative, withEdns);
  }
}

/** With the zone's own records outside shared memory: from there copying takes twice as long. */
function withOwnRecords(zone: CompiledZone): CompiledZone {
  const { soa, negativeSoa, nameServers } = zone;
  return {
    ...zone,
    soa: Uint8Array.from(soa),
    negativeSoa: Uint8Array.from(negativeSoa),
    nameServers: Uint8Array.from(nameServers),
  };
}

/** A type that asks for more than records (RFC 6895 3.1), of which only ANY is answered here. */
function isQueryOnly(type: number): boolean {
  return type >= TYPE.TSIG && type !== TYPE.ANY;
}

function isTransfer(type: number): boolean {
  return type === TYPE.AXFR || type === TYPE.IXFR;
}

function isAnswer(verdict: number): boolean {
  return verdict >= FIRST_ACCESS_ANSWER;
}

function add(counters: Float64Array, at: number, amount: number): void {
  counters[at] = (counters[at] as number) + amount;
}
