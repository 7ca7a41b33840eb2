import { bitsOf } from '../../ip/family.js';
import { copyWords, lowBitsAreZero, setLowBits } from '../../ip/words.js';
import { fieldIs, readCountry, readIPv4, readIPv6, readNumber } from './fields.js';
import { type StatisticsHeader, parseHeader } from './header.js';
import { RecordColumns, STATUS } from './records.js';

/** A line that is not what the format asks for. */
export interface Fault {
  /** 1-based; 0 where the whole file is meant. */
  readonly line: number;
  /** The line, cut to a readable length. */
  readonly found: string;
  readonly expected: string;
}

/** How many records of each type there are, or are said to be. */
export interface TypeCounts {
  asn?: number;
  ipv4?: number;
  ipv6?: number;
}

/** All that a statistics file holds, as it holds it; judged in `check.ts`. */
export interface StatisticsFile {
  readonly header: StatisticsHeader | undefined;
  /** `extended` where records carry the opaque holder id (8 fields). */
  readonly edition: 'plain' | 'extended';
  /** Counts that the summary lines promise. */
  readonly summaries: TypeCounts;
  /** Counts of the record lines found. */
  readonly counts: Required<TypeCounts>;
  readonly ipv4: RecordColumns;
  readonly ipv6: RecordColumns;
  /** The first faults, and how many there are in all. */
  readonly faults: readonly Fault[];
  readonly faultCount: number;
  /** Records whose status is none of the four that are known: not counted as delegated. */
  readonly unknownStatuses: number;
  /** Whether the last line is complete. */
  readonly endsWithNewline: boolean;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const IPV4 = ascii('ipv4');
const IPV6 = ascii('ipv6');
const ASN = ascii('asn');
const SUMMARY = ascii('summary');
const STATUS_TEXTS: readonly (readonly [Uint8Array, number])[] = [
  [ascii('allocated'), STATUS.allocated],
  [ascii('assigned'), STATUS.assigned],
  [ascii('available'), STATUS.available],
  [ascii('reserved'), STATUS.reserved],
];

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const HASH = 0x23;
const BAR = 0x7c;
const MAX_FAULTS = 5;
const FIELDS = 8;
/** Bytes of a typical record; decides only how much room is taken at first. */
const TYPICAL_LINE = 48;

/**
 * Scans a statistics file once, as bytes, without making a string per field. Never throws:
 * what is wrong is told in `faults`.
 */
export function scanStatistics(bytes: Uint8Array): StatisticsFile {
  const scanner = new Scanner(bytes);
  scanner.run();
  const { header, edition, summaries, counts, ipv4, ipv6 } = scanner;
  const { faults, faultCount, unknownStatuses, endsWithNewline } = scanner;
  // not the scanner itself, which would keep the bytes in memory as long as the result
  return {
    header,
    edition,
    summaries,
    counts,
    ipv4,
    ipv6,
    faults,
    faultCount,
    unknownStatuses,
    endsWithNewline,
  };
}

/** The line that starts at `offset`, as text. */
export function lineAt(bytes: Uint8Array, offset: number): string {
  const newline = bytes.indexOf(NEWLINE, offset);
  const end = newline < 0 ? bytes.length : newline;
  return new TextDecoder().decode(bytes.subarray(offset, end)).replace(/\r$/, '');
}

class Scanner implements StatisticsFile {
  header: StatisticsHeader | undefined;
  edition: 'plain' | 'extended' = 'plain';
  readonly summaries: TypeCounts = {};
  readonly counts: Required<TypeCounts> = { asn: 0, ipv4: 0, ipv6: 0 };
  readonly ipv4: RecordColumns;
  readonly ipv6: RecordColumns;
  readonly faults: Fault[] = [];
  faultCount = 0;
  unknownStatuses = 0;
  readonly endsWithNewline: boolean;

  readonly #bytes: Uint8Array;
  /** Starts of the fields of the current line; field k ends before `#starts[k + 1]` − 1. */
  readonly #starts = new Int32Array(FIELDS + 2);
  #registry: Uint8Array = new Uint8Array(0);
  #line = 0;
  #lineStart = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const lines = Math.ceil(bytes.length / TYPICAL_LINE);
    this.ipv4 = new RecordColumns(4, Math.ceil(lines * 0.7));
    this.ipv6 = new RecordColumns(6, Math.ceil(lines * 0.3));
    this.endsWithNewline = bytes.at(-1) === NEWLINE;
  }

  run(): void {
    const bytes = this.#bytes;
    const starts = this.#starts;
    let at = 0;
    while (at < bytes.length) {
      this.#line++;
      this.#lineStart = at;
      if (bytes[at] === HASH) {
        const newline = bytes.indexOf(NEWLINE, at);
        at = newline < 0 ? bytes.length : newline + 1;
        continue;
      }
      let fields = 1;
      starts[0] = at;
      let byte = 0;
      while (at < bytes.length && (byte = bytes[at] as number) !== NEWLINE) {
        at++;
        if (byte === BAR) {
          if (fields <= FIELDS) starts[fields] = at;
          fields++;
        }
      }
      const end = at > this.#lineStart && bytes[at - 1] === RETURN ? at - 1 : at;
      if (fields <= FIELDS) starts[fields] = end + 1;
      at++; // the newline
      this.#readLine(fields, end);
    }
  }

  #readLine(fields: number, end: number): void {
    if (this.header === undefined) this.#readHeader(end);
    else if (fields === 6 && this.#fieldIs(5, SUMMARY)) this.#readSummary();
    else if (fields === 7 || fields === 8) this.#readRecord(fields);
    else this.#fault('a record of 7 or 8 fields, registry|cc|type|start|value|date|status');
  }

  #readHeader(end: number): void {
    if (this.faultCount > 0) return; // the first line was no header: say so once
    const header = parseHeader(
      new TextDecoder().decode(this.#bytes.subarray(this.#lineStart, end)),
    );
    if ('expected' in header) {
      this.#fault(header.expected);
    } else {
      this.header = header;
      this.#registry = ascii(header.registry);
    }
  }

  #readSummary(): void {
    const count = readNumber(this.#bytes, this.#start(4), this.#end(4));
    if (count < 0) this.#fault('a count in the fifth field of a summary line');
    else if (this.#fieldIs(2, IPV4)) this.summaries.ipv4 = count;
    else if (this.#fieldIs(2, IPV6)) this.summaries.ipv6 = count;
    else if (this.#fieldIs(2, ASN)) this.summaries.asn = count;
    else this.#fault('a summary of asn, ipv4 or ipv6');
  }

  #readRecord(fields: number): void {
    if (fields === 8) this.edition = 'extended';
    if (!this.#fieldIs(0, this.#registry)) {
      this.#fault(`registry ${this.header?.registry ?? ''} in the first field, as in the header`);
    } else if (this.#fieldIs(2, IPV4)) {
      this.counts.ipv4++;
      this.#readIPv4();
    } else if (this.#fieldIs(2, IPV6)) {
      this.counts.ipv6++;
      this.#readIPv6();
    } else if (this.#fieldIs(2, ASN)) {
      this.counts.asn++;
    } else {
      this.#fault('type asn, ipv4 or ipv6 in the third field');
    }
  }

  #readIPv4(): void {
    const first = readIPv4(this.#bytes, this.#start(3), this.#end(3));
    const count = readNumber(this.#bytes, this.#start(4), this.#end(4));
    if (first < 0) return this.#fault('an IPv4 address in the fourth field');
    if (count < 1) return this.#fault('a count of addresses in the fifth field');
    if (first + count > 2 ** 32) return this.#fault('a count that ends within the IPv4 space');
    const records = this.ipv4;
    records.reserve();
    records.firsts[records.length] = first;
    records.lasts[records.length] = first + count - 1;
    this.#finish(records);
  }

  #readIPv6(): void {
    const records = this.ipv6;
    records.reserve();
    const at = records.length * 4;
    if (!readIPv6(this.#bytes, this.#start(3), this.#end(3), records.firsts, at)) {
      return this.#fault('an IPv6 address in the fourth field');
    }
    const length = readNumber(this.#bytes, this.#start(4), this.#end(4));
    if (length < 1 || length > 128) return this.#fault('a prefix length in the fifth field');
    const hostBits = bitsOf(6) - length;
    if (!lowBitsAreZero(records.firsts, at, 4, hostBits)) {
      return this.#fault(`no host bits set below the prefix length ${length}`);
    }
    copyWords(records.firsts, at, records.lasts, at, 4);
    setLowBits(records.lasts, at, 4, hostBits);
    this.#finish(records);
  }

  /** Country, status and offset of the record whose addresses stand at the end of `records`. */
  #finish(records: RecordColumns): void {
    const country = readCountry(this.#bytes, this.#start(1), this.#end(1));
    if (country < 0) return this.#fault('a country code of two capital letters, or none');
    const status = this.#readStatus();
    if (status === STATUS.unknown) this.unknownStatuses++;
    records.countries[records.length] = country;
    records.statuses[records.length] = status;
    records.offsets[records.length] = this.#lineStart;
    records.length++;
  }

  #readStatus(): number {
    for (let k = 0; k < STATUS_TEXTS.length; k++) {
      const [text, status] = STATUS_TEXTS[k] as (typeof STATUS_TEXTS)[number];
      if (this.#fieldIs(6, text)) return status;
    }
    return STATUS.unknown;
  }

  #start(field: number): number {
    return this.#starts[field] as number;
  }

  #end(field: number): number {
    return (this.#starts[field + 1] as number) - 1;
  }

  #fieldIs(field: number, text: Uint8Array): boolean {
    return fieldIs(this.#bytes, this.#start(field), this.#end(field), text);
  }

  #fault(expected: string): void {
    this.faultCount++;
    if (this.faults.length >= MAX_FAULTS) return;
    const found = lineAt(this.#bytes.subarray(0, this.#lineStart + 200), this.#lineStart);
    this.faults.push({ line: this.#line, found: readable(found, 80), expected });
  }
}

/** Cuts a line and removes what a terminal would take for commands. */
function readable(text: string, length: number): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > length ? `${clean.slice(0, length)}…` : clean;
}
