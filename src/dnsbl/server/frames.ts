import { HEADER_BYTES } from '../wire/codes.js';

/** A message's length stands before it in two bytes (RFC 1035 4.2.2, RFC 7766 8). */
export const PREFIX_BYTES = 2;

/** Cuts a stream of bytes, in whatever pieces it comes, into messages. */
export class FrameReader {
  readonly #mostBytes: number;
  #bytes: Uint8Array = new Uint8Array(0);

  /** @param mostBytes longest message that is taken */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Bytes that wait for the rest of their message. */
  get waiting(): number {
    return this.#bytes.length;
  }

  push(piece: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece]);
  }

  /** The next whole message, or undefined; 'oversized' where it is longer than is taken. */
  next(): Uint8Array | 'oversized' | undefined {
    const bytes = this.#bytes;
    if (bytes.length < PREFIX_BYTES) return undefined;
    const length = ((bytes[0] as number) << 8) | (bytes[1] as number);
    if (length > this.#mostBytes) return 'oversized';
    const end = PREFIX_BYTES + length;
    if (bytes.length < end) return undefined;
    this.#bytes = bytes.subarray(end);
    return bytes.subarray(PREFIX_BYTES, end);
  }
}

/** Type of a query's question, or undefined where there is none to be read. */
export function questionType(message: Uint8Array): number | undefined {
  let i = HEADER_BYTES;
  for (; i < message.length && message[i] !== 0; i += 1 + (message[i] as number)) {
    if ((message[i] as number) > 63) return undefined;
  }
  if (i + 5 > message.length) return undefined;
  return ((message[i + 1] as number) << 8) | (message[i + 2] as number);
}
