import { CLASS, HEADER_BYTES, TYPE } from '../wire/codes.js';
import type { TextPart, ZoneAnswer, ZoneRecord } from '../zone/zone-source.js';
import { GrowingBytes, GrowingWords } from './columns.js';

/**
 * Answers in the form in which they are written into a reply. Answer `k` lies at `offsets[k]`:
 *
 *     u16 number of lists, u16 each; then u16 number of records, and each record as
 *     u8 TYPE (A, MX, TXT) · u8 IS_FILLED · u16 length · bytes
 *
 * The bytes of a record that is not filled in are the whole record, owner first (a pointer to the
 * question's name). Those of a TXT that is are owner to TTL, then steps of FILL.
 */
export interface AnswerTable {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  /** Names of the lists that answers are counted for. */
  readonly lists: readonly string[];
}

/** What a step of a TXT puts in; a number of `CompiledZones.namedRanges` (u16) follows the last. */
export const FILL = { literal: 1, subject: 2, prefix: 3, namedPrefix: 4 } as const;

/** Owner, type, class, TTL. */
export const RECORD_HEAD_BYTES = 10;

/** rbldnsd's limit for a text that is filled in, which is one byte short of a string's. */
export const LONGEST_FILLED_TEXT = 254;

const LONGEST_TEXT = 255;

export class AnswerTableBuilder {
  readonly #bytes = new GrowingBytes();
  readonly #offsets = new GrowingWords();
  readonly #lists = new Map<string, number>();

  /**
   * @param namedFrom number of the first of the zone's named ranges
   * @returns the answer's number
   */
  add(answer: ZoneAnswer, namedFrom = 0): number {
    const number = this.#offsets.length;
    this.#offsets.push(this.#bytes.length);
    const lists = answer.lists ?? [];
    this.#bytes.push16(lists.length);
    for (const name of lists) this.#bytes.push16(this.#numberOf(name));
    this.#bytes.push16(answer.records.length);
    for (const record of answer.records) this.#addRecord(record, namedFrom);
    return number;
  }

  build(): AnswerTable {
    return {
      bytes: this.#bytes.toShared(),
      offsets: this.#offsets.toShared(),
      lists: [...this.#lists.keys()],
    };
  }

  #numberOf(list: string): number {
    const known = this.#lists.get(list);
    if (known !== undefined) return known;
    this.#lists.set(list, this.#lists.size);
    return this.#lists.size - 1;
  }

  #addRecord(record: ZoneRecord, namedFrom: number): void {
    const body = this.#bytes;
    const isFilled = record.type === 'TXT' && record.text.some((part) => typeof part === 'string');
    body.push(TYPE[record.type], isFilled ? 1 : 0);
    const lengthAt = body.length;
    body.push16(0);
    // the owner is the question's name, which begins right after the header
    body.push16(0xc000 | HEADER_BYTES);
    body.push16(TYPE[record.type]);
    body.push16(CLASS.IN);
    body.push32(record.ttlSeconds);
    if (isFilled) appendSteps(body, record.text, namedFrom);
    else appendData(body, record);
    body.patch16(lengthAt, body.length - lengthAt - 2);
  }
}

function appendData(body: GrowingBytes, record: ZoneRecord): void {
  if (record.type === 'A') {
    body.push16(4);
    body.push32(record.address);
  } else if (record.type === 'MX') {
    body.push16(2 + record.exchange.length);
    body.push16(record.preference);
    body.append(record.exchange);
  } else {
    const text = joinParts(record.text).subarray(0, LONGEST_TEXT);
    body.push16(1 + text.length);
    body.push(text.length);
    body.append(text);
  }
}

function appendSteps(body: GrowingBytes, parts: readonly TextPart[], namedFrom: number): void {
  for (const part of parts) {
    if (part === 'subject' || part === 'prefix') {
      body.push(FILL[part]);
      continue;
    }
    if (typeof part === 'string') {
      body.push(FILL.namedPrefix);
      body.push16(namedFrom + Number(part.slice('prefix '.length)));
      continue;
    }
    // more can never be shown
    const literal = part.subarray(0, LONGEST_TEXT);
    if (literal.length === 0) continue;
    body.push(FILL.literal, literal.length);
    body.append(literal);
  }
}

function joinParts(parts: readonly TextPart[]): Uint8Array {
  return Buffer.concat(parts.filter((part) => typeof part !== 'string'));
}
