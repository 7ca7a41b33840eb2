import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { complement } from '../../src/ip/algebra.js';
import { type Family, bitsOf } from '../../src/ip/family.js';
import type { RangeSet } from '../../src/ip/range-set.js';
import {
  type ChainRule,
  LEAF_RULES,
  chainsOf,
  maxRulesTested,
} from '../../src/formats/prefix-chains.js';
import { textOf } from '../helpers/hundred-ranges.js';
import { addressSet } from '../helpers/lists.js';
import { decide, readSavedRules } from '../helpers/saved-rules.js';
import { rendered } from '../helpers/rendered.js';

type Chains = readonly (readonly ChainRule[])[];

/** The most rules on any way through the chains from chain `index` on. */
function longestWay(chains: Chains, index = 0): number {
  const rules = chains[index] as readonly ChainRule[];
  const ends = rules.map(({ next }, i) =>
    next === undefined ? 0 : i + 1 + longestWay(chains, next),
  );
  return Math.max(rules.length, ...ends);
}

/** How many chains lie one below the other, from chain `index` on. */
function depthFrom(chains: Chains, index = 0): number {
  const below = chains[index]?.map(({ next }) =>
    next === undefined ? 0 : depthFrom(chains, next),
  );
  return 1 + Math.max(0, ...(below ?? []));
}

/** The chains as iptables-save prints them, `x-0` first. */
function savedText(chains: Chains): string {
  return chains
    .flatMap((rules, index) => [
      `:x-${index} - [0:0]`,
      ...rules.map(({ prefix, next }) => {
        return `-A x-${index} -s ${prefix} ${next === undefined ? '-j DROP' : `-g x-${next}`}`;
      }),
    ])
    .join('\n');
}

function setOf(family: Family, texts: readonly string[]): RangeSet {
  const { v4, v6 } = addressSet(...texts);
  return family === 4 ? v4 : v6;
}

/** Ranges that crowd under a few leading bits, as real ones do, with gaps of all sizes. */
function crowded(family: Family): fc.Arbitrary<[bigint, bigint][]> {
  const bits = bitsOf(family);
  const range = fc
    .tuple(fc.bigInt(0n, 3n), fc.bigInt(0n, (1n << 12n) - 1n), fc.nat(bits - 14), fc.nat(700))
    .map(([top, middle, exponent, size]): [bigint, bigint] => {
      const first = (top << BigInt(bits - 2)) + (middle << BigInt(exponent));
      const last = first + BigInt(size);
      return [first, last];
    });
  return fc.array(range, { minLength: 1, maxLength: 120 });
}

describe.each<Family>([4, 6])('chains of prefixes, IPv%i', (family) => {
  const format = family === 4 ? 'iptables' : 'ip6tables';

  test('decide as the set does, on every edge, within the bound', () => {
    const check = fc.property(crowded(family), (ranges) => {
      const texts = ranges.map(([a, b]) => `${textOf(family, a)}-${textOf(family, b)}`);
      const addresses = addressSet(...texts);
      const rules = readSavedRules(rendered(format, [{ name: 'kr', addresses }]), 'sekisho-');
      const set = family === 4 ? addresses.v4 : addresses.v6;
      const bound = maxRulesTested(set.countPrefixes());
      for (const edge of ranges.flatMap(([a, b]) => [a - 1n, a, b, b + 1n])) {
        if (edge < 0n || edge >> BigInt(bitsOf(family)) > 0n) continue;
        const { target, rulesTested } = decide(rules, 'sekisho-kr', textOf(family, edge));
        const isIn = ranges.some(([a, b]) => a <= edge && edge <= b);
        expect(target, textOf(family, edge)).toBe(isIn ? 'DROP' : undefined);
        expect(rulesTested).toBeLessThanOrEqual(bound);
      }
    });
    fc.assert(check, { numRuns: 60 });
  });

  test('stay short where one address is missing from everything, and prefixes nest to the end', () => {
    const one = setOf(family, [family === 4 ? '61.32.7.5' : '2001:db8::5:0:7']);
    const chains = chainsOf(complement(one));
    expect(chains.flat().filter(({ next }) => next === undefined)).toHaveLength(bitsOf(family));
    expect(longestWay(chains)).toBeLessThanOrEqual(maxRulesTested(bitsOf(family)));
  });

  test('stay short where every second address of a crowded block is in', () => {
    const low = family === 4 ? 0x3d200000n : 0x20010db8n << 96n;
    const texts = Array.from({ length: 30_000 }, (_, i) => textOf(family, low + 2n * BigInt(i)));
    const chains = chainsOf(setOf(family, texts));
    expect(longestWay(chains)).toBeLessThanOrEqual(maxRulesTested(30_000));
    expect(longestWay(chains)).toBeLessThanOrEqual(60);
  });

  test.each([1, 2, 3])('lie no more than %i below one another, and decide as the set', (depth) => {
    const check = fc.property(crowded(family), (ranges) => {
      const texts = ranges.map(([a, b]) => `${textOf(family, a)}-${textOf(family, b)}`);
      const chains = chainsOf(setOf(family, texts), depth);
      expect(depthFrom(chains)).toBeLessThanOrEqual(depth);
      const rules = readSavedRules(savedText(chains), 'x-');
      for (const edge of ranges.flatMap(([a, b]) => [a - 1n, a, b, b + 1n])) {
        if (edge < 0n || edge >> BigInt(bitsOf(family)) > 0n) continue;
        const { target } = decide(rules, 'x-0', textOf(family, edge));
        const isIn = ranges.some(([a, b]) => a <= edge && edge <= b);
        expect(target, textOf(family, edge)).toBe(isIn ? 'DROP' : undefined);
      }
    });
    fc.assert(check, { numRuns: 30 });
  });

  test('of three levels send nobody on without a question', () => {
    // iptables-save leaves `-s 0.0.0.0/0` out: the rule would not be found again
    const low = family === 4 ? 0x3d200000n : 0x20010db8n << 96n;
    for (const count of [LEAF_RULES + 1, 81, LEAF_RULES ** 2, LEAF_RULES ** 2 + 1]) {
      const texts = Array.from({ length: count }, (_, i) => textOf(family, low + 2n * BigInt(i)));
      const rules = chainsOf(setOf(family, texts), 3).flat();
      expect(
        rules.filter(({ prefix }) => prefix.endsWith('/0')),
        String(count),
      ).toEqual([]);
    }
  });

  test('of three levels are within three hundred rules for 30,000 prefixes', () => {
    const low = family === 4 ? 0x3d200000n : 0x20010db8n << 96n;
    const texts = Array.from({ length: 30_000 }, (_, i) => textOf(family, low + 2n * BigInt(i)));
    const chains = chainsOf(setOf(family, texts), 3);
    expect(depthFrom(chains)).toBe(3);
    expect(longestWay(chains)).toBeLessThanOrEqual(3 * 3 * LEAF_RULES);
  });

  test('are one chain for a small set, one empty chain for nothing', () => {
    expect(chainsOf(setOf(family, []))).toEqual([[]]);
    const few = Array.from({ length: LEAF_RULES }, (_, i) => textOf(family, 7n + 2n * BigInt(i)));
    expect(chainsOf(setOf(family, few))).toHaveLength(1);
    expect(chainsOf(setOf(family, [...few, textOf(family, 999n)]))).not.toHaveLength(1);
  });
});

test('half a million prefixes, the most that a file holds, are within a hundred rules', () => {
  expect(maxRulesTested(500_000)).toBe(57);
});

test('IPv4 is divided by first octet before any octet is divided', () => {
  const texts = Array.from({ length: 4000 }, (_, i) => `${1 + (i % 40)}.${i % 251}.${i % 13}.0/24`);
  const chains = chainsOf(setOf(4, texts));
  let cuts = 0;
  for (const rules of chains) {
    for (const [i, { prefix, next }] of rules.entries()) {
      if (next === undefined || Number(prefix.split('/')[1]) <= 8) continue;
      cuts++;
      const octets = new Set(rules.slice(i).map((rule) => rule.prefix.split('.')[0]));
      expect([...octets], 'octets of what the chain still has').toHaveLength(1);
    }
  }
  expect(cuts).toBeGreaterThan(20);
});
