/*
 * Arrays over shared memory: what is compiled goes to every worker thread without a copy.
 */

export function sharedBytes(length: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(length));
}

export function sharedWords(length: number): Uint32Array<SharedArrayBuffer> {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}

/** The same array where it lies in shared memory and uses all of it, else a copy that does. */
export function toShared(words: Uint32Array): Uint32Array {
  if (words.buffer instanceof SharedArrayBuffer && words.byteLength === words.buffer.byteLength) {
    return words;
  }
  const copy = sharedWords(words.length);
  copy.set(words);
  return copy;
}

export function toSharedBytes(bytes: Uint8Array): Uint8Array {
  const copy = sharedBytes(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Words and bytes that grow by doubling. */
export class GrowingWords {
  #words: Uint32Array;
  length = 0;

  constructor(capacity = 64) {
    this.#words = new Uint32Array(capacity);
  }

  push(word: number): void {
    if (this.length === this.#words.length) {
      const larger = new Uint32Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[this.length++] = word;
  }

  toShared(): Uint32Array {
    const shared = sharedWords(this.length);
    shared.set(this.#words.subarray(0, this.length));
    return shared;
  }
}

export class GrowingBytes {
  #bytes = new Uint8Array(256);
  length = 0;

  push(...values: readonly number[]): void {
    this.#reserve(values.length);
    for (const value of values) this.#bytes[this.length++] = value;
  }

  append(values: Uint8Array): void {
    this.#reserve(values.length);
    this.#bytes.set(values, this.length);
    this.length += values.length;
  }

  push16(value: number): void {
    this.push((value >>> 8) & 0xff, value & 0xff);
  }

  push32(value: number): void {
    this.push16(value >>> 16);
    this.push16(value & 0xffff);
  }

  /** Writes over two bytes that were pushed before. */
  patch16(at: number, value: number): void {
    this.#bytes[at] = (value >>> 8) & 0xff;
    this.#bytes[at + 1] = value & 0xff;
  }

  toShared(): Uint8Array {
    return toSharedBytes(this.#bytes.subarray(0, this.length));
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
