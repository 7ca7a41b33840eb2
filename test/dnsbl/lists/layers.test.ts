import fc from 'fast-check';
import { expect, test } from 'vitest';

import { addressMapOf, find4, meets4 } from '../../../src/dnsbl/index/address-map.js';
import { overlay } from '../../../src/dnsbl/index/overlay.js';
import { clip, divide, flatten } from '../../../src/dnsbl/lists/layers.js';
import type { AddressLayer } from '../../../src/dnsbl/zone/zone-source.js';
import { rangeSetFromColumns } from '../../../src/ip/range-set-builder.js';

/*
 * Against the plain model: for each of a few addresses, look at every range. The addresses lie at
 * both ends of the space, where adding one wraps.
 */

const SPACE = 24;

interface Piece {
  readonly first: number;
  readonly last: number;
  readonly answer: number;
}

const piece = fc
  .tuple(fc.nat(SPACE - 1), fc.nat(SPACE - 1), fc.nat(5))
  .map(([a, b, answer]): Piece => ({ first: Math.min(a, b), last: Math.max(a, b), answer }));

const base = fc.constantFrom(0, 2 ** 32 - SPACE, 2 ** 31 - SPACE / 2);

function columns(pieces: readonly Piece[], from: number, family: 4 | 6) {
  const words = (value: number): number[] =>
    family === 4 ? [from + value] : [0xffffffff, 0xffffffff, 0xffffffff, from + value];
  return {
    family,
    firsts: Uint32Array.from(pieces.flatMap(({ first }) => words(first))),
    lasts: Uint32Array.from(pieces.flatMap(({ last }) => words(last))),
    answers: Uint32Array.from(pieces, ({ answer }) => answer),
  };
}

/** Answer of each address, after showing that the ranges are sorted and disjoint. */
function answersOf(layer: AddressLayer, from: number): (number | undefined)[] {
  const found = new Array<number | undefined>(SPACE).fill(undefined);
  const n = layer.family === 4 ? 1 : 4;
  let end = -1;
  for (const [k, answer] of layer.answers.entries()) {
    const first = (layer.firsts[k * n + n - 1] as number) - from;
    const last = (layer.lasts[k * n + n - 1] as number) - from;
    expect(first).toBeGreaterThan(end);
    expect(last).toBeGreaterThanOrEqual(first);
    end = last;
    found.fill(answer, first, last + 1);
  }
  return found;
}

/** The one that ends first, of those the one that starts last, of equal ones the last given. */
function modelOf(pieces: readonly Piece[]): (number | undefined)[] {
  return Array.from({ length: SPACE }, (_, address) => {
    const holding = pieces.filter(({ first, last }) => first <= address && address <= last);
    holding.sort((a, b) => a.last - b.last || b.first - a.first);
    const [best] = holding;
    return holding.findLast(({ first, last }) => first === best?.first && last === best.last)
      ?.answer;
  });
}

const family = fc.constantFrom<4 | 6>(4, 6);

test('flattened pieces answer as the model does', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), base, family, (pieces, from, version) => {
      const layer = flatten(columns(pieces, from, version));
      expect(answersOf(layer, from)).toEqual(modelOf(pieces));
    }),
    { numRuns: 2000 },
  );
});

test('an overlay has the answers of both layers, and of the pair where both list', () => {
  const pieces = fc.array(piece, { maxLength: 8 });
  fc.assert(
    fc.property(pieces, pieces, base, family, (a, b, from, version) => {
      const [left, right] = [a, b].map((one) => flatten(columns(one, from, version)));
      const both = overlay(left as AddressLayer, right as AddressLayer, (x, y) => 100 + 10 * x + y);
      const [inLeft, inRight] = [modelOf(a), modelOf(b)];
      const expected = inLeft.map((x, k) => {
        const y = inRight[k];
        return x === undefined ? y : y === undefined ? x : 100 + 10 * x + y;
      });
      expect(answersOf(both, from)).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});

test('a clipped layer is what lies in the set', () => {
  const pieces = fc.array(piece, { maxLength: 8 });
  fc.assert(
    fc.property(pieces, pieces, base, family, (a, b, from, version) => {
      const { firsts, lasts } = columns(b, from, version);
      const layer = clip(
        flatten(columns(a, from, version)),
        rangeSetFromColumns(version, firsts, lasts),
      );
      const inSet = modelOf(b);
      const expected = modelOf(a).map((x, k) => (inSet[k] === undefined ? undefined : x));
      expect(answersOf(layer, from)).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});

test('look-up with and without pages', () => {
  for (const count of [3, 5000]) {
    // every second run of 700 addresses, across page borders
    const firsts = Uint32Array.from({ length: count }, (_, k) => 0x0a00_0000 + k * 1400);
    const lasts = firsts.map((first) => first + 699);
    const answers = Uint32Array.from({ length: count }, (_, k) => k);
    const map = addressMapOf({ family: 4, firsts, lasts, answers }, 0);
    expect(map.pages.length > 0).toBe(count > 3);
    for (let k = 0; k < count; k++) {
      const first = firsts[k] as number;
      expect([find4(map, first), find4(map, first + 699)]).toEqual([k, k]);
      expect([find4(map, first - 1), find4(map, first + 700)]).toEqual([-1, -1]);
      expect(meets4(map, first + 700, first + 1399)).toBe(false);
      expect(meets4(map, first + 699, first + 700)).toBe(true);
    }
    expect(find4(map, 0)).toBe(-1);
    expect(find4(map, 0xffff_ffff)).toBe(-1);
  }
});

test.each([4, 6] as const)('divides a layer where another one does (IPv%s)', (family) => {
  fc.assert(
    fc.property(fc.array(piece), fc.array(piece), base, (own, other, from) => {
      const [a, b] = [own, other].map((pieces) => flatten(columns(pieces, from, family))) as [
        AddressLayer,
        AddressLayer,
      ];
      const divided = divide(a, b, (one, two = 9) => one * 10 + two);
      const [ones, twos] = [modelOf(own), modelOf(other)];
      const expected = ones.map((one, k) => (one === undefined ? one : one * 10 + (twos[k] ?? 9)));
      expect(answersOf(divided, from)).toEqual(expected);
    }),
  );
});
