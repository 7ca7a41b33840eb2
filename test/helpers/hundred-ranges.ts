import type { NamedList } from '../../src/formats/index.js';
import type { Family } from '../../src/ip/family.js';
import { addressSet } from './lists.js';
import { randomNumbers } from './random-numbers.js';

/*
 * A hundred ranges a family for tests that ask a real program: the same in every run, and
 * awkward on purpose. They belong to two lists, `kr` and `jp`, that adjoin each other in many
 * places; within a list no two ranges touch, so each first and last address is an edge.
 * Everything here is counted in BigInt and compared one by one, apart from the program's own
 * address arithmetic.
 */

/** A range of one list, both ends included. */
export interface TestRange {
  readonly family: Family;
  readonly list: string;
  readonly first: bigint;
  readonly last: bigint;
}

/** A question to a program, and the list that its answer should name, if any. */
export interface Probe {
  readonly family: Family;
  readonly address: string;
  readonly list: string | undefined;
}

const COUNT = 100;
const NAMES = ['kr', 'jp'] as const;

/** The ranges of one family, ascending. */
export function hundredRanges(family: Family): readonly TestRange[] {
  return family === 4 ? RANGES4 : RANGES6;
}

/** First, last, one-below and one-above address of each range, each address once. */
export function probesOf(family: Family): readonly Probe[] {
  const ranges = hundredRanges(family);
  const top = (1n << BigInt(family === 4 ? 32 : 128)) - 1n;
  const asked = new Set<bigint>();
  for (const { first, last } of ranges) {
    for (const address of [first, last, first - 1n, last + 1n]) {
      if (address >= 0n && address <= top) asked.add(address);
    }
  }
  return [...asked].map((address) => ({
    family,
    address: textOf(family, address),
    list: ranges.find(({ first, last }) => first <= address && address <= last)?.list,
  }));
}

/** The two lists with both families, each made of the one country that it is named after. */
export function hundredLists(): NamedList[] {
  const ranges = [...RANGES4, ...RANGES6];
  return NAMES.map((name) => {
    const own = ranges.filter((range) => range.list === name);
    const addresses = addressSet(
      ...own.map(({ family, first, last }) => `${textOf(family, first)}-${textOf(family, last)}`),
    );
    return { name, addresses, countries: [{ cc: name.toUpperCase(), addresses }] };
  });
}

/** Address text that every program reads: dotted quad, or eight groups without `::`. */
export function textOf(family: Family, address: bigint): string {
  const [count, bits, radix] = family === 4 ? [4, 8n, 10] : [8, 16n, 16];
  const parts: string[] = [];
  for (let k = count - 1; k >= 0; k--) {
    parts.push(((address >> (BigInt(k) * bits)) & ((1n << bits) - 1n)).toString(radix));
  }
  return parts.join(family === 4 ? '.' : ':');
}

type Shape = (base: bigint, random: (limit: number) => number) => readonly [bigint, bigint];

/** Given a base whose low 16 bits are zero. Small enough that octet-bound formats can hold them. */
const SHAPES4: readonly Shape[] = [
  (base, random) => single(base + BigInt(random(65536))),
  (base, random) => prefix(base, random(17)), // /16 to /32
  (base, random) => [base + 1n + BigInt(random(200)), base + 300n + BigInt(random(5000))],
  (base, random) => [base + 0xffffn - BigInt(random(255)), base + 0x10000n + BigInt(random(255))],
  (base, random) => [base, base + 256n * BigInt(3 + 2 * random(20)) - 1n], // no power of two
  (base, random) => [base + 256n, base + 256n * BigInt(1 + 2 ** (2 + random(5))) - 1n], // unaligned
];

/** Given a base whose low 84 bits are zero. Edges lie close to 16-bit groups for the same reason. */
const SHAPES6: readonly Shape[] = [
  (base, random) => single(base + BigInt(random(2 ** 31))),
  (base, random) => prefix(base, [80, 83, 64, 67, 16, 20, 0, 1][random(8)] as number),
  (base, random) => [
    base + 0xfffffff0n + BigInt(random(15)),
    base + 0x100000000n + BigInt(random(99)),
  ],
  (base, random) => [base + (1n << 80n) - 2n, base + (1n << 80n) + BigInt(random(5))],
  (base, random) => [base, base + (BigInt(3 + 2 * random(6)) << 80n) - 1n],
  (base, random) => [base + (1n << 64n), base + (BigInt(1 + 2 ** (2 + random(4))) << 64n) - 1n],
];

function single(address: bigint): readonly [bigint, bigint] {
  return [address, address];
}

function prefix(base: bigint, hostBits: number): readonly [bigint, bigint] {
  return [base, base + (1n << BigInt(hostBits)) - 1n];
}

/** Ranges that every format should meet: both ends, a large one, and where signs change. */
const FIXED4: readonly TestRange[] = [
  { family: 4, list: 'kr', first: 0n, last: 9n },
  { family: 4, list: 'jp', first: 0x01000000n, last: 0x023fffffn },
  { family: 4, list: 'jp', first: 0x7ffffffan, last: 0x80000005n },
  { family: 4, list: 'kr', first: 0xfffffffbn, last: 0xffffffffn },
];

/** The low end is left out: `::/96` and `::ffff:0:0/96` stand for IPv4 in several programs. */
const FIXED6: readonly TestRange[] = [
  { family: 6, list: 'kr', first: 0x4000n << 112n, last: (0x400cn << 112n) - 1n },
  { family: 6, list: 'jp', first: 0x7fffn * 2n ** 112n + 2n ** 112n - 2n, last: 2n ** 127n + 1n },
  { family: 6, list: 'kr', first: 2n ** 128n - 3n, last: 2n ** 128n - 1n },
];

const RANGES4 = makeRanges(4, FIXED4, SHAPES4, (i) =>
  // two in five crowd into 61.0.0.0/8, the rest are spread over 3.… to 223.…
  i % 5 < 2 ? 0x3d000000n + BigInt(i) * 0x20000n : BigInt(3 + 2 * i + (i >> 2)) << 24n,
);
const RANGES6 = makeRanges(6, FIXED6, SHAPES6, (i) =>
  i % 5 < 2 ? (0x20010200n << 96n) + (BigInt(i) << 88n) : BigInt(0x2400 + 0x53 * i) << 112n,
);

/** One range a base; every seventh adjoins the one before it, in the other list. */
function makeRanges(
  family: Family,
  fixed: readonly TestRange[],
  shapes: readonly Shape[],
  baseOf: (i: number) => bigint,
): readonly TestRange[] {
  const random = randomNumbers(20_130_813 + family);
  const ranges: TestRange[] = [...fixed];
  for (let i = 0; ranges.length < COUNT; i++) {
    const shape = shapes[i % shapes.length] as Shape;
    const [first, last] = shape(baseOf(i), random);
    const list = NAMES[random(2)] as string;
    ranges.push({ family, list, first, last });
    if (i % 7 === 3 && ranges.length < COUNT) {
      const other = list === 'kr' ? 'jp' : 'kr';
      ranges.push({ family, list: other, first: last + 1n, last: last + 1n + BigInt(random(300)) });
    }
  }
  return ranges.sort((a, b) => (a.first < b.first ? -1 : 1));
}
