import { FILL, RECORD_HEAD_BYTES } from '../index/answer-table.js';
import { EDNS_UDP_BYTES, FLAG, HEADER_BYTES, RCODE, TYPE } from '../wire/codes.js';
import { copyBytes, get16, put16 } from '../wire/bytes.js';
import { find4, find6 } from '../index/address-map.js';
import type { CompiledNamedRanges } from '../index/compile.js';
import type { Client } from './client.js';
import type { Listings } from './find-listings.js';
import { type Ranges, prefixLength4, prefixLength6 } from './prefix-length.js';
import type { Query } from './query.js';
import { endOfRecord, settleRecords } from './settle-records.js';
import { TextWriter } from './write-text.js';

const OPT_BYTES = 11;

/** Of a message over TCP (RFC 1035 4.2.2). */
const LARGEST_BYTES = 65_535;

/** More records than these are left out; a reply of 65,535 bytes holds no more than 4,000. */
const MOST_RECORDS = 4096;

/** A reply that grows behind the question of its query, in the query's own memory. */
export class Reply {
  answerCount = 0;
  isTruncated = false;
  #authorityCount = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = viewOf(this.#bytes);
  #start = 0;
  #at = 0;
  #limit = 0;
  /** Where the reply is to be while it is made aside. */
  #place: Uint8Array = this.#bytes;
  #placeStart = 0;
  #placeLimit = 0;
  #aside: Uint8Array | undefined;
  readonly #records = new Uint32Array(MOST_RECORDS);
  readonly #text = new TextWriter();
  readonly #network = new Uint32Array(4);
  readonly #namedRanges: readonly CompiledNamedRanges[];

  /** @param namedRanges those of the zones */
  constructor(namedRanges: readonly CompiledNamedRanges[]) {
    this.#namedRanges = namedRanges;
  }

  /** @param limit most bytes of the whole reply */
  begin(bytes: Uint8Array, start: number, query: Query, limit: number): void {
    if (bytes !== this.#bytes) this.#use(bytes);
    this.#start = start;
    this.#at = start + query.questionEnd;
    this.#limit = start + limit - (query.hasEdns ? OPT_BYTES : 0);
    this.answerCount = 0;
    this.#authorityCount = 0;
    this.isTruncated = false;
  }

  /** Begins anew aside, with more room: what stands twice may have been what was too much. */
  beginAside(query: Query): void {
    const aside = (this.#aside ??= new Uint8Array(LARGEST_BYTES));
    const { questionEnd } = query;
    for (let k = 0; k < questionEnd; k++) aside[k] = this.#bytes[this.#start + k] as number;
    this.#place = this.#bytes;
    this.#placeStart = this.#start;
    this.#placeLimit = this.#limit;
    this.#use(aside);
    this.#start = 0;
    this.#at = questionEnd;
    this.#limit = LARGEST_BYTES;
    this.answerCount = 0;
    this.isTruncated = false;
  }

  /** Takes what was made aside, where it fits; else it is truncated, as before. */
  endAside(): void {
    const size = this.#at;
    const aside = this.#bytes;
    this.#use(this.#place);
    this.#start = this.#placeStart;
    this.#limit = this.#placeLimit;
    this.#at = this.#start + size;
    if (this.#at > this.#limit) {
      this.#at = this.#limit;
      this.isTruncated = true;
      return;
    }
    for (let k = 0; k < size; k++) this.#bytes[this.#start + k] = aside[k] as number;
  }

  /** Appends a whole record whose owner is the question's name. */
  addRecord(from: DataView, at: number, length: number): void {
    if (!this.#hasRoom(length)) return;
    this.#note();
    this.#copy(from, at, length);
  }

  /**
   * Appends a TXT record that is filled in.
   *
   * @param steps owner to TTL, then steps of FILL, at `steps[at…at + length)`
   * @param client put in as the subject where the listing is the client's own, else undefined
   */
  addFilledText(
    steps: DataView,
    at: number,
    length: number,
    query: Query,
    listings: Listings,
    client: Client | undefined,
  ): void {
    if (!this.#hasRoom(RECORD_HEAD_BYTES + 4)) return;
    const record = this.#at;
    this.#note();
    this.#copy(steps, at, RECORD_HEAD_BYTES);
    const text = this.#text;
    text.begin(this.#view, this.#at + 3, this.#limit);
    this.#fill(steps, at + RECORD_HEAD_BYTES, at + length, query, listings, client);
    const size = text.at - this.#at - 3;
    if (size === 0) {
      // nothing to say: rbldnsd leaves the record out, too
      this.#at = record;
      this.answerCount--;
      return;
    }
    put16(this.#bytes, this.#at, size + 1);
    this.#bytes[this.#at + 2] = size;
    this.#at = text.at;
    if (text.at === this.#limit) this.isTruncated = true;
  }

  /** Appends a record of the zone's own, whose data and type stand ready without an owner. */
  addOwned(
    body: Uint8Array,
    at: number,
    length: number,
    owner: number,
    isAuthority: boolean,
  ): void {
    if (!this.#hasRoom(2 + length)) return;
    if (isAuthority) this.#authorityCount++;
    else this.#note();
    put16(this.#bytes, this.#at, 0xc000 | (HEADER_BYTES + owner));
    this.#at += 2;
    if (length === body.length) {
      // an SOA record is long enough for the builtin to be quicker than a loop
      this.#bytes.set(body, this.#at);
    } else {
      for (let k = 0; k < length; k++) this.#bytes[this.#at + k] = body[at + k] as number;
    }
    this.#at += length;
  }

  /** Appends records (each u16 length, then type to data) to the authority section, or none. */
  addAuthority(records: Uint8Array, owner: number): void {
    let size = 0;
    for (let i = 0; i < records.length; i += 2 + get16(records, i)) size += 2 + get16(records, i);
    if (this.#at + size > this.#limit) return;
    for (let i = 0; i < records.length; i += 2 + get16(records, i)) {
      this.addOwned(records, i + 2, get16(records, i), owner, true);
    }
  }

  /**
   * Records that came of several listings: leaves out what stands there twice, and gives all of
   * a type the smallest TTL (RFC 2181 5.2). All records here have the question's name.
   */
  settle(): void {
    const kept = settleRecords(this.#bytes, this.#records, this.answerCount);
    this.answerCount = kept;
    if (kept > 0) this.#at = endOfRecord(this.#bytes, this.#records[kept - 1] as number);
  }

  /**
   * Writes header and OPT record.
   *
   * @returns length of the reply
   */
  finish(query: Query, rcode: number, isAuthoritative: boolean, withEdns: boolean): number {
    if (this.isTruncated) {
      // an answer in part would be believed (RFC 2181 9)
      this.#at = this.#start + query.questionEnd;
      this.answerCount = 0;
      this.#authorityCount = 0;
    }
    const hasOpt = query.hasEdns && withEdns;
    const flags = (isAuthoritative ? FLAG.AA : 0) | (this.isTruncated ? FLAG.TC : 0);
    writeFlags(this.#bytes, this.#start, rcode, flags);
    // the question, and two counts in each word
    this.#view.setInt32(this.#start + 4, 0x1_0000 | this.answerCount);
    this.#view.setInt32(this.#start + 8, (this.#authorityCount << 16) | (hasOpt ? 1 : 0));
    if (hasOpt) this.#addOpt(rcode >>> 4);
    return this.#at - this.#start;
  }

  #addOpt(extendedRcode: number): void {
    const { length } = OPT_HEAD;
    const at = this.#at;
    for (let k = 0; k < length; k++) this.#bytes[at + k] = OPT_HEAD[k] as number;
    this.#bytes[at + length] = extendedRcode;
    this.#bytes.fill(0, at + length + 1, at + OPT_BYTES);
    this.#at = at + OPT_BYTES;
  }

  #fill(
    steps: DataView,
    from: number,
    to: number,
    query: Query,
    listings: Listings,
    client: Client | undefined,
  ): void {
    const text = this.#text;
    for (let i = from; i < to;) {
      switch (steps.getUint8(i)) {
        case FILL.literal:
          text.copy(steps, i + 2, steps.getUint8(i + 1));
          i += 2 + steps.getUint8(i + 1);
          break;
        case FILL.subject:
          this.#subject(query, listings, client);
          i++;
          break;
        case FILL.prefix:
          this.#prefix(listings, undefined);
          i++;
          break;
        default:
          this.#prefix(listings, this.#namedRanges[steps.getUint16(i + 1)]);
          i += 3;
      }
    }
  }

  #subject(query: Query, listings: Listings, client: Client | undefined): void {
    const text = this.#text;
    if (client !== undefined) {
      if (client.family === 4) text.address4(client.words[0] as number);
      else text.address6(client.words);
      return;
    }
    if (listings.subjectTo > 0) text.name(query.name, listings.subjectFrom, listings.subjectTo);
    else if (listings.rangeFamily === 4) text.address4(listings.address4);
    else text.address6(listings.asked.v6);
  }

  #prefix(listings: Listings, named: CompiledNamedRanges | undefined): void {
    const { rangeMap, rangeFamily, address4, asked } = listings;
    if (rangeMap === undefined) return;
    let ranges: Ranges = rangeMap;
    let { range } = listings;
    const map = rangeFamily === 4 ? named?.v4 : named?.v6;
    if (map !== undefined) {
      const place = rangeFamily === 4 ? find4(map.places, address4) : find6(map.places, asked.v6);
      if (place >= 0) {
        ranges = map;
        range = map.places.answers[place] as number;
      }
    }
    const text = this.#text;
    let length: number;
    if (rangeFamily === 4) {
      length = prefixLength4(ranges, range, address4);
      text.address4(address4 - (address4 % 2 ** (32 - length)));
    } else {
      length = prefixLength6(ranges, range, asked.v6, this.#network);
      text.address6(this.#network);
    }
    text.byte(0x2f);
    text.decimal(length);
  }

  #hasRoom(length: number): boolean {
    if (this.#at + length <= this.#limit && this.answerCount < MOST_RECORDS) return true;
    this.isTruncated = true;
    return false;
  }

  #note(): void {
    this.#records[this.answerCount++] = this.#at;
  }

  #copy(from: DataView, at: number, length: number): void {
    copyBytes(from, at, this.#view, this.#at, length);
    this.#at += length;
  }

  #use(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Root owner, type, our UDP size. */
const OPT_HEAD = Uint8Array.of(0, 0, TYPE.OPT, EDNS_UDP_BYTES >>> 8, EDNS_UDP_BYTES & 0xff);

/**
 * Turns a query's header into a reply's: identifier, opcode and RD stay; RA, AD and CD do not.
 *
 * @param questions 0 where the question is not sent back
 */
export function writeHeader(
  bytes: Uint8Array,
  at: number,
  rcode: number,
  { flags, questions }: { readonly flags: number; readonly questions: 0 | 1 },
): void {
  writeFlags(bytes, at, rcode, flags);
  put16(bytes, at + 4, questions);
  put16(bytes, at + 6, 0);
  put16(bytes, at + 8, 0);
  put16(bytes, at + 10, 0);
}

function writeFlags(bytes: Uint8Array, at: number, rcode: number, flags: number): void {
  bytes[at + 2] = ((bytes[at + 2] as number) & (0x78 | FLAG.RD)) | FLAG.QR | flags;
  bytes[at + 3] = rcode & 15;
}

/** A reply that is a header alone: for what has no question that could be sent back. */
export function bareReply(bytes: Uint8Array, at: number, rcode: number): number {
  writeHeader(bytes, at, rcode, { flags: 0, questions: 0 });
  return HEADER_BYTES;
}

export const isError = (rcode: number): boolean =>
  rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN;
