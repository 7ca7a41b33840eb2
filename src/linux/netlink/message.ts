import { endianness } from 'node:os';

/*
 * Netlink messages (netlink(7), linux/netlink.h): headers and attribute headers are numbers in
 * the host's byte order; nf_tables' own values are big-endian. Everything is padded to four bytes.
 */

export const NLMSG_HDRLEN = 16;
export const NLA_HDRLEN = 4;
/** nfgenmsg of linux/netfilter/nfnetlink.h: family, version, big-endian resource id. */
export const NFGEN_LEN = 4;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

export const NLM_F_REQUEST = 0x01;
export const NLM_F_ACK = 0x04;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

/** The length of an attribute is 16 bits. */
export const NLA_MAX_LEN = 0xffff;

const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

const LITTLE = endianness() === 'LE';

export function align(length: number): number {
  return (length + 3) & ~3;
}

/** Puts messages one behind the other into a buffer that grows. */
export class MessageWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #words: Uint32Array;
  #length = 0;
  #encoder = new TextEncoder();

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(align(capacity));
    this.#view = new DataView(this.#bytes.buffer);
    this.#words = new Uint32Array(this.#bytes.buffer);
  }

  /** Number of bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written; a view that the next write may leave behind. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room for so many bytes more. Every write takes its room from here. */
  reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(align(Math.max(needed, 2 * this.#bytes.length)));
    bytes.set(this.bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#words = new Uint32Array(bytes.buffer);
  }

  /** A message header, its length still open, and nfgenmsg; returns the place for {@link end}. */
  begin(type: number, flags: number, sequence: number, family: number, resource = 0): number {
    this.reserve(NLMSG_HDRLEN + NFGEN_LEN);
    const start = this.#length;
    const view = this.#view;
    view.setUint16(start + 4, type, LITTLE);
    view.setUint16(start + 6, flags, LITTLE);
    view.setUint32(start + 8, sequence, LITTLE);
    view.setUint8(start + 16, family);
    view.setUint16(start + 18, resource, false);
    this.#length += NLMSG_HDRLEN + NFGEN_LEN;
    return start;
  }

  end(start: number): void {
    this.#view.setUint32(start, this.#length - start, LITTLE);
  }

  /** Adds flags to a message that was begun at `start`. */
  addFlags(start: number, flags: number): void {
    this.#view.setUint16(start + 6, this.#view.getUint16(start + 6, LITTLE) | flags, LITTLE);
  }

  /** The header of a nested attribute, its length still open; returns the place for {@link close}. */
  open(type: number): number {
    this.reserve(NLA_HDRLEN);
    const start = this.#length;
    this.#view.setUint16(start + 2, type | NLA_F_NESTED, LITTLE);
    this.#length += NLA_HDRLEN;
    return start;
  }

  close(start: number): void {
    this.#view.setUint16(start, this.#length - start, LITTLE);
  }

  /** A zero-terminated string in UTF-8. */
  text(type: number, value: string): void {
    this.raw(type, this.#encoder.encode(`${value}\0`));
  }

  /** A big-endian number of 32 bits. */
  u32(type: number, value: number): void {
    const at = this.#attribute(type, 4);
    this.#view.setUint32(at, value, false);
  }

  /** A big-endian number of 64 bits, of which Number holds 53. */
  u64(type: number, value: number): void {
    const at = this.#attribute(type, 8);
    this.#view.setUint32(at, Math.floor(value / 2 ** 32), false);
    this.#view.setUint32(at + 4, value >>> 0, false);
  }

  /** Words of 32 bits, each big-endian: an address in network order. */
  words(type: number, from: Uint32Array, index: number, count: number): void {
    const at = this.#attribute(type, 4 * count);
    for (let k = 0; k < count; k++) {
      this.#view.setUint32(at + 4 * k, from[index + k] as number, false);
    }
  }

  raw(type: number, value: Uint8Array): void {
    const at = this.#attribute(type, value.length);
    this.#bytes.set(value, at);
  }

  /**
   * Whole attributes again and again, as words of 32 bits in the host's order.
   *
   * @returns the words that were written, to be changed before the next write
   */
  repeatWords(attributes: Uint32Array, count: number): Uint32Array {
    const size = attributes.length * count;
    this.reserve(4 * size);
    const start = this.#length / 4; // attributes are padded to four bytes
    const room = this.#words.subarray(start, start + size);
    if (count > 0) room.set(attributes);
    for (let done = attributes.length; done < size; done *= 2) room.copyWithin(done, 0, done);
    this.#length += 4 * size;
    return room;
  }

  /** A header and room for the value, which is where it returns to. */
  #attribute(type: number, size: number): number {
    this.reserve(NLA_HDRLEN + align(size));
    const start = this.#length;
    this.#view.setUint16(start, NLA_HDRLEN + size, LITTLE);
    this.#view.setUint16(start + 2, type, LITTLE);
    this.#length += NLA_HDRLEN + align(size);
    return start + NLA_HDRLEN;
  }
}

/** A message that was received; `from` and `to` bound what follows its header. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly view: DataView;
  readonly from: number;
  readonly to: number;
}

/** The messages of one datagram. @throws Error where a length leads out of it */
export function parseMessages(bytes: Uint8Array): Message[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = at + NLMSG_HDRLEN <= bytes.length ? view.getUint32(at, LITTLE) : 0;
    if (length < NLMSG_HDRLEN || at + length > bytes.length) {
      throw new Error(`netlink message of ${length} bytes at ${at} of ${bytes.length}`);
    }
    messages.push({
      type: view.getUint16(at + 4, LITTLE),
      flags: view.getUint16(at + 6, LITTLE),
      sequence: view.getUint32(at + 8, LITTLE),
      view,
      from: at + NLMSG_HDRLEN,
      to: at + length,
    });
    at += align(length);
  }
  return messages;
}

/** Gives words of 32 bits, in place, the bytes of the same numbers in network order. */
export function networkWords(words: Uint32Array): Uint32Array {
  if (LITTLE) Buffer.from(words.buffer, words.byteOffset, words.byteLength).swap32();
  return words;
}

export function hostU32(view: DataView, at: number): number {
  return view.getUint32(at, LITTLE);
}

export function hostI32(view: DataView, at: number): number {
  return view.getInt32(at, LITTLE);
}

/** The type of the attribute at `at`, without the flags of nesting and byte order. */
export function attributeType(view: DataView, at: number): number {
  return view.getUint16(at + 2, LITTLE) & NLA_TYPE_MASK;
}

/**
 * Where the attribute at `at` ends, its padding left out; {@link align} of it is where the next
 * begins.
 * @throws Error where its length leads beyond `to`
 */
export function attributeEnd(view: DataView, at: number, to: number): number {
  const length = at + NLA_HDRLEN <= to ? view.getUint16(at, LITTLE) : 0;
  if (length < NLA_HDRLEN || at + length > to) {
    throw new Error(`netlink attribute of ${length} bytes at ${at}, where ${to} is the end`);
  }
  return at + length;
}

/** Where the value of the first attribute of a type begins and ends; undefined if there is none. */
export function findAttribute(
  view: DataView,
  from: number,
  to: number,
  type: number,
): readonly [from: number, to: number] | undefined {
  for (let at = from; at < to;) {
    const end = attributeEnd(view, at, to);
    if (attributeType(view, at) === type) return [at + NLA_HDRLEN, end];
    at += align(end - at);
  }
  return undefined;
}

const decoder = new TextDecoder();

/** A string up to its zero byte. */
export function textAt(view: DataView, from: number, to: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + from, to - from);
  const zero = bytes.indexOf(0);
  return decoder.decode(zero < 0 ? bytes : bytes.subarray(0, zero));
}

/** A big-endian number of 64 bits; exact up to 2^53. */
export function u64At(view: DataView, at: number): number {
  return view.getUint32(at, false) * 2 ** 32 + view.getUint32(at + 4, false);
}
