import { formatIPv6 } from '../../ip/address.js';
import { copyBytes } from '../wire/bytes.js';
import { LONGEST_FILLED_TEXT } from '../index/answer-table.js';

/** Each octet's decimal digits and a dot, the first one lowest, and how many bytes these are. */
const OCTETS = new Int32Array(256);
const OCTET_BYTES = new Uint8Array(256);
for (let octet = 0; octet < 256; octet++) {
  const text = `${octet}.`;
  OCTET_BYTES[octet] = text.length;
  for (let k = 0; k < text.length; k++) {
    OCTETS[octet] = (OCTETS[octet] as number) | (text.charCodeAt(k) << (8 * k));
  }
}

/** With so much room each octet of an address can be written as a word. */
const ROOM4 = 16;

/** Writes into a reply, up to a limit; what does not fit is left out and remembered. */
export class TextWriter {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #end = 0;

  /** @returns where writing stopped */
  get at(): number {
    return this.#at;
  }

  /** @param limit where the reply has to end; the text is cut before, as it is at its own limit */
  begin(view: DataView, at: number, limit: number): void {
    this.#view = view;
    this.#at = at;
    this.#end = Math.min(limit, at + LONGEST_FILLED_TEXT);
  }

  byte(value: number): void {
    if (this.#at < this.#end) this.#view.setUint8(this.#at++, value);
  }

  copy(from: DataView, start: number, length: number): void {
    const fits = Math.min(length, this.#end - this.#at);
    copyBytes(from, start, this.#view, this.#at, fits);
    this.#at += fits;
  }

  decimal(value: number): void {
    if (value >= 100) this.byte(0x30 + ((value / 100) | 0));
    if (value >= 10) this.byte(0x30 + (((value / 10) | 0) % 10));
    this.byte(0x30 + (value % 10));
  }

  address4(address: number): void {
    if (this.#end - this.#at >= ROOM4) {
      const view = this.#view;
      let at = putOctet(view, this.#at, address >>> 24);
      at = putOctet(view, at, (address >>> 16) & 255);
      at = putOctet(view, at, (address >>> 8) & 255);
      // without the last dot
      this.#at = putOctet(view, at, address & 255) - 1;
      return;
    }
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

/** @returns where the next one begins; what is written behind that is of no meaning */
function putOctet(view: DataView, at: number, octet: number): number {
  view.setInt32(at, OCTETS[octet] as number, true);
  return at + (OCTET_BYTES[octet] as number);
}
