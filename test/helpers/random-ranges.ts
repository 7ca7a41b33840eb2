import { formatWords } from '../../src/ip/address.js';
import type { Family } from '../../src/ip/family.js';
import type { Seeded } from './seeded.js';

interface RandomAddress {
  readonly family: Family;
  readonly words: Uint32Array;
}

/**
 * Where ranges lie: networks of one family whose names could be the other's (2.0.0.1 and
 * 2001::, 4.3.2.1 and 1234::), the first and last addresses, and some without such neighbours.
 */
const PLACES4 = [0x00000000, 0x02000000, 0x04030000, 0x0a000000, 0xcb007100, 0xffff0000];
const PLACES6 = [
  0x00000000, 0x10020000, 0x12340000, 0x20010db8, 0x20010db9, 0x40000000, 0xffffffff,
];

/** Ranges that overlap, and addresses at their edges and anywhere near. */
export class RandomRanges {
  readonly #random: Seeded;
  readonly #edges: RandomAddress[] = [];

  constructor(random: Seeded) {
    this.#random = random;
  }

  /** A manual list, with reasons. */
  list(): string {
    const lines: string[] = [];
    for (let k = 0; k < 60; k++) lines.push(this.#line4(), this.#line6());
    return lines.join('');
  }

  /** Half of them edges of ranges or next to one; none that secondaries cannot have. */
  addresses(count: number): RandomAddress[] {
    const random = this.#random;
    const found: RandomAddress[] = [];
    while (found.length < count) {
      const address = random.chance(0.5)
        ? this.#nearEdge()
        : random.chance(0.5)
          ? this.#address4()
          : this.#address6();
      if (isNamed(address)) found.push(address);
    }
    return found;
  }

  #line4(): string {
    const random = this.#random;
    const first = this.#address4().words[0] as number;
    const size = 2 ** random.integer(random.chance(0.1) ? 16 : 8);
    const isPrefix = random.chance(0.5);
    const from = isPrefix ? first - (first % size) : first;
    const to = Math.min(0xffff_ffff, from + (isPrefix ? size : random.integer(size) + 1) - 1);
    return this.#line(4, Uint32Array.of(from), Uint32Array.of(to));
  }

  /** Prefixes, and ranges of whole /64. */
  #line6(): string {
    const random = this.#random;
    const { words: first } = this.#address6();
    const last = Uint32Array.from(first);
    const length = random.chance(0.3) ? 128 : (random.chance(0.1) ? 16 : 40) + random.integer(88);
    for (let bit = length; bit < 128; bit++) {
      const mask = 1 << (31 - (bit & 31));
      first[bit >>> 5] = ((first[bit >>> 5] as number) & ~mask) >>> 0;
      last[bit >>> 5] = ((last[bit >>> 5] as number) | mask) >>> 0;
    }
    if (length <= 64 && random.chance(0.3)) {
      const more = random.integer(0x10000);
      last[1] = Math.min(0xffff_ffff, (last[1] as number) + more);
    }
    return this.#line(6, first, last);
  }

  #line(family: Family, first: Uint32Array, last: Uint32Array): string {
    this.#edges.push({ family, words: first }, { family, words: last });
    const reason = this.#random.chance(0.5) ? ` reason ${this.#random.integer(5)}` : '';
    return `${formatWords(family, first)}-${formatWords(family, last)}${reason}\n`;
  }

  #address4(): RandomAddress {
    const random = this.#random;
    const place = random.pick(PLACES4);
    const spread = place === 0xffff0000 ? 0x10000 : random.pick([0x100, 0x2000, 0x40000]);
    return { family: 4, words: Uint32Array.of(place + random.integer(spread)) };
  }

  #address6(): RandomAddress {
    const random = this.#random;
    const few = random.pick([2, 0x100, 0x1_0000_0000]);
    const words = [0, 0, 0].map(() => random.integer(few));
    return { family: 6, words: Uint32Array.of(random.pick(PLACES6), ...words) };
  }

  #nearEdge(): RandomAddress {
    const { family, words } = this.#random.pick(this.#edges);
    const moved = Uint32Array.from(words);
    const low = moved.length - 1;
    moved[low] = ((moved[low] as number) + this.#random.integer(3) - 1) >>> 0;
    return { family, words: moved };
  }
}

/** IPv4-mapped addresses and 6to4's are looked up as IPv4 ones, which names cannot say. */
function isNamed({ family, words }: RandomAddress): boolean {
  const [a = 0, b = 0, c = 0] = words;
  if (family === 4) return a >>> 24 !== 127;
  return a >>> 16 !== 0x2002 && !(a === 0 && b === 0 && c === 0xffff);
}
