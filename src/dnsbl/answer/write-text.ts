import { formatIPv6 } from '../../ip/address.js';
import { LONGEST_FILLED_TEXT } from '../index/answer-table.js';

/** Writes into a reply, up to a limit; what does not fit is left out and remembered. */
export class TextWriter {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** @returns where writing stopped */
  get at(): number {
    return this.#at;
  }

  /** @param limit where the reply has to end; the text is cut before, as it is at its own limit */
  begin(bytes: Uint8Array, at: number, limit: number): void {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = Math.min(limit, at + LONGEST_FILLED_TEXT);
  }

  byte(value: number): void {
    if (this.#at < this.#end) this.#bytes[this.#at++] = value;
  }

  copy(from: Uint8Array, start: number, length: number): void {
    const fits = Math.min(length, this.#end - this.#at);
    for (let k = 0; k < fits; k++) this.#bytes[this.#at++] = from[start + k] as number;
  }

  decimal(value: number): void {
    if (value >= 100) this.byte(0x30 + ((value / 100) | 0));
    if (value >= 10) this.byte(0x30 + (((value / 10) | 0) % 10));
    this.byte(0x30 + (value % 10));
  }

  address4(address: number): void {
    this.decimal(address >>> 24);
    this.byte(0x2e);
    this.decimal((address >>> 16) & 255);
    this.byte(0x2e);
    this.decimal((address >>> 8) & 255);
    this.byte(0x2e);
    this.decimal(address & 255);
  }

  /** The only text that is made as a string: IPv6's shortest form takes a look at all groups. */
  address6(words: Uint32Array): void {
    const text = formatIPv6(words);
    for (let k = 0; k < text.length; k++) this.byte(text.charCodeAt(k));
  }

  /** A name in presentation form, labels `name[from…to)`. */
  name(name: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to;) {
      if (i > from) this.byte(0x2e);
      const end = i + 1 + (name[i] as number);
      for (i++; i < end; i++) this.byte(name[i] as number);
    }
  }
}
