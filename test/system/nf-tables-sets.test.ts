import * as fc from 'fast-check';
import { describe, expect } from 'vitest';

import type { SetChange } from '../../src/linux/change-elements.js';
import { exactDifference } from '../../src/linux/nf-tables/difference.js';
import { addressSet } from '../helpers/lists.js';
import { Namespace } from '../helpers/namespace.js';
import { Driver } from '../helpers/nf-tables-driver.js';
import { INTERVALS, NEEDS, held, listed, makeSets, named, nft } from '../helpers/nf-tables-sets.js';
import { systemTest } from '../helpers/programs.js';
import {
  type Range,
  anyRanges,
  columnsOf,
  merged,
  rangesOfColumns,
  topOf,
} from '../linux/range-columns.js';

describe.each([1, 4] as const)('sets of addresses of %i words', (words) => {
  const top = topOf(words);
  const half = 1n << BigInt(32 * words - 1);

  systemTest('hold what was put in, as nft and we read it', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    const cases: Record<string, Range[]> = {
      nothing: [],
      everything: [[0n, top]],
      bottom: [[0n, 0n]],
      low: [[0n, half - 1n]],
      high: [[half, top]],
      top: [[top, top]],
      below: [[0n, top - 1n]],
      single: [[half + 5n, half + 5n]],
      touching: [[7n, 8n], [9n, 9n], [10n, half], [half + 1n, top]], // prettier-ignore
      ends: [[0n, 1n], [half - 2n, half + 2n], [top - 1n, top]], // prettier-ignore
    };
    await makeSets(
      network,
      Object.fromEntries(Object.keys(cases).map((name) => [name, INTERVALS[words]])),
    );
    await driver.change(
      Object.entries(cases).map(([name, ranges]) => ({
        ...named(name, words),
        add: columnsOf(ranges, words),
      })),
    );
    const byNft = await listed(network, words);
    for (const [name, ranges] of Object.entries(cases)) {
      expect([name, held(await driver.read(named(name, words)))]).toEqual([name, ranges]);
      expect([name, byNft.get(name)]).toEqual([name, merged(ranges)]);
    }
    await driver.change(
      Object.entries(cases).map(([name, ranges]) => ({
        ...named(name, words),
        remove: columnsOf(ranges, words),
      })),
    );
    expect([...(await listed(network, words)).values()].flat()).toEqual([]);
  });

  systemTest('hold any ranges, loaded anew or changed from any others', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    const names = Array.from({ length: 12 }, (_, i) => `s${i}`);
    await makeSets(network, Object.fromEntries(names.map((name) => [name, INTERVALS[words]])));
    const contents = (most: number): fc.Arbitrary<Range[][]> =>
      fc.array(anyRanges(words), { minLength: most, maxLength: most });

    const check = async (wanted: readonly Range[][]): Promise<void> => {
      const byNft = await listed(network, words);
      for (const [i, name] of names.entries()) {
        const ranges = wanted[i] ?? [];
        expect(held(await driver.read(named(name, words)))).toEqual(ranges);
        expect(byNft.get(name)).toEqual(merged(ranges));
      }
    };
    await fc.assert(
      fc.asyncProperty(contents(names.length), contents(names.length), async (before, after) => {
        const loads = names.map((name, i): SetChange => ({
          ...named(name, words),
          flush: true,
          add: columnsOf(before[i] ?? [], words),
        }));
        await driver.change(loads);
        await check(before);
        const changes = names.map((name, i): SetChange => ({
          ...named(name, words),
          ...exactDifference(
            columnsOf(before[i] ?? [], words),
            columnsOf(after[i] ?? [], words),
            words,
          ),
        }));
        await driver.change(changes);
        await check(after);
      }),
      { numRuns: 8 },
    );
  });

  systemTest('are read as nft loaded them', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    const texts =
      words === 1
        ? ['10.0.0.0/8', '192.0.2.1', '192.0.2.5-192.0.2.77', '224.0.0.0-255.255.255.255']
        : ['2001:db8::/32', '2001:db9::1', '2001:db9::5-2001:dba::', 'ff00::/8'];
    await makeSets(network, { s: `${INTERVALS[words]} elements = { ${texts.join(', ')} };` });
    const { v4, v6 } = addressSet(...texts);
    const found = await driver.read(named('s', words));
    expect(held(found)).toEqual(rangesOfColumns(words === 1 ? v4 : v6, words));
    expect(found).toMatchObject({ length: 4, catchAll: false, details: new Map() });

    // the lowest element that nft puts into an empty set is in the way of nothing
    const bottom = columnsOf([[0n, 3n]], words);
    await driver.change([{ ...named('s', words), add: bottom }]);
    expect(held(await driver.read(named('s', words)))[0]).toEqual([0n, 3n]);
    await nft(network, `delete element inet t s { ${texts[3] ?? ''} }`);
    await driver.change([{ ...named('s', words), remove: bottom }]);
    expect(held(await driver.read(named('s', words)))).toHaveLength(3);
  });

  systemTest('are taken apart by nft as if it had made them', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    await makeSets(network, { s: INTERVALS[words] });
    const [low, one, high] =
      words === 1
        ? ['0.0.0.0-0.0.0.9', '192.0.2.1', '240.0.0.0/4']
        : ['::-::9', '2001:db8::1', 'f000::/4'];
    const { v4, v6 } = addressSet(low, one, high);
    const { firsts, lasts } = words === 1 ? v4 : v6;
    await driver.change([{ ...named('s', words), add: { firsts, lasts } }]);
    // of a range that reaches to the top, not even nft's own is found by its prefix
    for (const text of [low, one]) {
      const found = await nft(network, `get element inet t s { ${text} }`);
      expect(found).toContain(`elements = { ${text} }`);
    }
    for (const [i, text] of [high, one, low].entries()) {
      await nft(network, `delete element inet t s { ${text} }`);
      expect((await driver.read(named('s', words))).length).toBe(2 - i);
    }
  });

  systemTest('of 20,000 ranges take single ones in and out', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    await makeSets(network, { s: INTERVALS[words] });
    const step = top / 20_001n;
    const ranges = Array.from({ length: 20_000 }, (_, i): Range => {
      const first = step * BigInt(i) + 1000n;
      return [first, first + step / 2n];
    });
    const set = named('s', words);
    await driver.change([{ ...set, add: columnsOf(ranges, words) }]);
    const one: Range = [step * 10_000n + 10n, step * 10_000n + 12n];
    await driver.change([{ ...set, add: columnsOf([one], words) }]);
    const more = held(await driver.read(set));
    expect(more).toHaveLength(20_001);
    expect(more[10_000]).toEqual(one);
    const removed = ranges.filter((_, i) => i === 0 || i === 11_111 || i === 59_999);
    await driver.change([{ ...set, remove: columnsOf([removed[0], one, ...removed.slice(1)].flatMap((range) => range ? [range] : []), words) }]); // prettier-ignore
    expect(held(await driver.read(set))).toEqual(
      ranges.filter((range) => !removed.includes(range)),
    );
  });
});
