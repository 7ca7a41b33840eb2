import { LONGEST_NAME } from '../wire/name.js';
import { NAME_KIND, type ZoneRecord } from '../zone/zone-source.js';
import { readOctets4 } from './addresses-4.js';
import type { AnswerTable } from './answers.js';
import { readName } from './dnset.js';
import { parseDomainName } from './domain-name.js';
import { parseNumber, parseTime, splitWord } from './fields.js';
import { type Line, bytesOf, isSpace } from './line.js';
import { NameTable } from './name-table.js';
import {
  type Layers,
  type ReadContext,
  type Scope,
  type SetReader,
  boundedTtl,
  refuse,
} from './set-reader.js';
import { shortAddress } from './values.js';

const AT = 0x40;
const LONGEST_TEXT = 255;

/** Records: `name|@ [ttl] [IN] A|TXT|MX value`. */
export class GenericReader implements SetReader {
  readonly #context: ReadContext;
  readonly #scope: Scope;
  readonly #names = new NameTable();
  readonly #records: ZoneRecord[][] = [];
  readonly #name = new Uint8Array(LONGEST_NAME + 1);

  constructor(context: ReadContext, scope: Scope) {
    this.#context = context;
    this.#scope = scope;
  }

  startFile(): void {
    // nothing of a file holds for its records only
  }

  readLine(line: Line): void {
    const length = this.#readOwner(line);
    if (length === 0) {
      refuse(this.#context, line, 'a domain name, or @ for the zone itself');
      return;
    }
    line.skipSpace();
    const record = this.#readRecord(line);
    if (record === undefined) return;
    this.#context.entries++;
    const index = this.#names.place(this.#name, length - 1, NAME_KIND.exact);
    (this.#records[index] ??= []).push(record);
  }

  finish(answers: AnswerTable): Layers {
    for (const [index, records] of this.#records.entries()) {
      this.#names.setNumber(index, answers.add(records));
    }
    return { addresses: [], names: [this.#names.layer('records', (number) => number)] };
  }

  #readOwner(line: Line): number {
    if (line.peek() === AT && isSpace(line.peek(1))) {
      line.at++;
      this.#name[0] = 0;
      return 1;
    }
    const length = readName(line, this.#name);
    return length === 1 ? 0 : length;
  }

  #readRecord(line: Line): ZoneRecord | undefined {
    const { settings } = this.#context;
    let text = line.rest();
    let { ttlSeconds } = this.#scope;
    if (/^\d/.test(text)) {
      const ttl = parseTime(text);
      if (ttl === undefined) return this.#refuse(line, 'a TTL such as 3600 or 1h');
      ttlSeconds = boundedTtl(ttl.value, ttlSeconds, settings);
      text = ttl.rest;
    }
    const [, type, data] = /^(?:in[ \t]+)?([^ \t]*)[ \t]+(.*)$/is.exec(text) ?? [];
    if (type === undefined || data === undefined) {
      return this.#refuse(line, 'a record type and its value');
    }
    switch (type.toLowerCase()) {
      case 'a':
        return this.#readA(line, ttlSeconds, data);
      case 'txt':
        return { type: 'TXT', ttlSeconds, text: this.#readText(line, data) };
      case 'mx':
        return this.#readMx(line, ttlSeconds, data);
      default:
        return this.#refuse(line, 'a record of type A, TXT or MX');
    }
  }

  #readA(line: Line, ttlSeconds: number, data: string): ZoneRecord | undefined {
    line.at = line.end - data.length;
    const bits = readOctets4(line);
    if (bits < 0) return this.#refuse(line, 'an IPv4 address');
    return { type: 'A', ttlSeconds, address: shortAddress(line.first, bits) };
  }

  #readText(line: Line, data: string): Uint8Array[] {
    const text = data.length >= 2 && /^".*"$/s.test(data) ? data.slice(1, -1) : data;
    if (text.length > LONGEST_TEXT) {
      this.#context.warnings.add(line, `a text of ${LONGEST_TEXT} bytes at most (it is cut)`);
    }
    return [bytesOf(text.slice(0, LONGEST_TEXT))];
  }

  #readMx(line: Line, ttlSeconds: number, data: string): ZoneRecord | undefined {
    const preference = parseNumber(data);
    const [name, behind] = splitWord(preference?.rest ?? '');
    const exchange = name === '' ? undefined : parseDomainName(name, true);
    if (preference === undefined || preference.value > 0xffff || exchange === undefined) {
      return this.#refuse(line, 'a preference from 0 to 65535 and the name of a mail server');
    }
    if (behind !== '') return this.#refuse(line, 'nothing behind the name of the mail server');
    return { type: 'MX', ttlSeconds, preference: preference.value, exchange };
  }

  #refuse(line: Line, expected: string): ZoneRecord | undefined {
    refuse(this.#context, line, expected);
    return undefined;
  }
}
