import type { Query } from './query.js';

/** What the labels left of a branch say: at most one of each. */
export class AskedAddress {
  /** The name is an IPv4 address of four octets. */
  is4 = false;
  /** The name is an IPv6 address of 32 nibbles. */
  is6 = false;
  v4 = 0;
  readonly v6 = new Uint32Array(4);
  /** Octets (0–3) of a name that could be above an address; −1 where it could not. */
  octets = -1;
  /** Nibbles (0–31) likewise. */
  nibbles = -1;
  /** First and last address below the name, where `octets` or `nibbles` say so. */
  first4 = 0;
  last4 = 0;
  readonly first6 = new Uint32Array(4);
  readonly last6 = new Uint32Array(4);

  /**
   * Reads the first `count` labels of the query's name as a reversed address (RFC 5782 2.1, 2.4).
   * Octets with a leading zero are none: the same address would have several names.
   */
  read(query: Query, count: number): void {
    this.is4 = false;
    this.is6 = false;
    this.octets = -1;
    this.nibbles = -1;
    if (count <= 4) this.#read4(query, count);
    else if (count === 32) this.#readWhole6(query);
  }

  /** Reads them as the first nibbles of IPv6 addresses; 4.3.2.1 may be both. */
  readNibbles(query: Query, count: number): void {
    // labels of one byte are two bytes each
    const end = count === query.labels ? query.nameEnd : query.labelAt[count];
    if (count < 32 && end === 2 * count) this.#read6(query, count);
  }

  #read4(query: Query, count: number): void {
    let value = 0;
    for (let k = count - 1; k >= 0; k--) {
      const octet = octetAt(query.name, query.labelAt[k] as number);
      if (octet < 0) return;
      value = value * 256 + octet;
    }
    if (count === 4) {
      this.is4 = true;
      this.v4 = value;
      return;
    }
    this.octets = count;
    const size = 2 ** (32 - 8 * count);
    this.first4 = value * size;
    this.last4 = this.first4 + size - 1;
  }

  /** All 32 nibbles: labels of one byte each, where the last one begins at 62. */
  #readWhole6({ name, labelAt }: Query): void {
    if (labelAt[31] !== 62 || name[62] !== 1) return;
    for (let word = 0; word < 4; word++) {
      let value = 0;
      let seen = 0;
      // the lowest nibble stands first
      const last = 63 - 16 * word;
      for (let at = last; at > last - 16; at -= 2) {
        const nibble = nibbleOf(name[at] as number);
        seen |= nibble;
        value = (value << 4) | nibble;
      }
      if (seen < 0) return;
      this.v6[word] = value;
    }
    this.is6 = true;
  }

  #read6(query: Query, count: number): void {
    const { first6, last6 } = this;
    for (let k = 0; k < 4; k++) {
      first6[k] = 0;
      last6[k] = 0xffff_ffff;
    }
    for (let k = 0; k < count; k++) {
      const nibble = nibbleAt(query.name, query.labelAt[count - 1 - k] as number);
      if (nibble < 0) return;
      const word = k >>> 3;
      const shift = 28 - 4 * (k & 7);
      first6[word] = ((first6[word] as number) | (nibble << shift)) >>> 0;
      last6[word] = ((last6[word] as number) & ~((15 ^ nibble) << shift)) >>> 0;
    }
    this.nibbles = count;
  }
}

/**
 * Value of a label of one to three digits without a leading zero, or −1. Lengths of octets are
 * nothing that a processor could foresee, so there is no branch on them.
 */
function octetAt(name: Uint8Array, at: number): number {
  const length = name[at] as number;
  if (length > 3) return -1;
  const hasSecond = (1 - length) >> 31;
  const hasThird = (2 - length) >> 31;
  const first = (name[at + 1] as number) - 0x30;
  const second = ((name[at + 2] as number) - 0x30) & hasSecond;
  const third = ((name[at + 3] as number) - 0x30) & hasThird;
  let value = first;
  value += (9 * value + second) & hasSecond;
  value += (9 * value + third) & hasThird;
  // negative where a digit is none, the first of several is 0, or it is more than 255
  const digits = first | second | third | (9 - first) | (9 - second) | (9 - third);
  return (digits | ((first - 1) & hasSecond) | (255 - value)) < 0 ? -1 : value;
}

function nibbleAt(name: Uint8Array, at: number): number {
  return name[at] === 1 ? nibbleOf(name[at + 1] as number) : -1;
}

/** Values of hexadecimal digits, −1 for other bytes: no branch that a processor could not foresee. */
const NIBBLES = Int8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
});

function nibbleOf(byte: number): number {
  return NIBBLES[byte] as number;
}
