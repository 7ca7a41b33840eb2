import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import { Namespace } from '../helpers/namespace.js';
import { Driver } from '../helpers/nf-tables-driver.js';
import {
  INTERVALS,
  NEEDS,
  held,
  makeSets,
  named,
  nft,
  refusalOf,
} from '../helpers/nf-tables-sets.js';
import { systemTest } from '../helpers/programs.js';
import { type Range, columnsOf, topOf } from '../linux/range-columns.js';

describe('what else elements have', () => {
  systemTest('timeouts and comments are written and read', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    await makeSets(network, { s: 'type ipv4_addr; flags interval,timeout; timeout 1d;' });
    const top = topOf(1);
    const ranges: Range[] = [[9n, 9n], [20n, 30n], [40n, 49n], [top - 5n, top]]; // prettier-ignore
    const add = {
      ...columnsOf(ranges, 1),
      timeoutsMs: [3_600_000, 0, 7_200_000, 10_000_000],
      expirationsMs: [0, 0, 3_000_000, 0],
      comments: ['', 'by hand', 'über', 'to the top'],
    };
    await driver.change([{ ...named('s', 1), add }]);
    const found = await driver.read(named('s', 1));
    expect(held(found)).toEqual(ranges);
    const left = (i: number): number => found.details.get(i)?.expirationMs ?? NaN;
    const near = (i: number, ms: number): void => {
      expect(left(i)).toBeLessThanOrEqual(ms);
      expect(left(i)).toBeGreaterThan(ms - 30_000);
    };
    [3_600_000, 86_400_000, 3_000_000, 10_000_000].forEach((ms, i) => near(i, ms));
    const rest = [0, 1, 2, 3].map((i) => ({ ...found.details.get(i), expirationMs: 0 }));
    expect(rest).toEqual([
      { timeoutMs: 3_600_000, expirationMs: 0 },
      { comment: 'by hand', expirationMs: 0 },
      { timeoutMs: 7_200_000, comment: 'über', expirationMs: 0 },
      { timeoutMs: 10_000_000, comment: 'to the top', expirationMs: 0 },
    ]);
    const text = await nft(network, 'list set inet t s');
    expect(text).toMatch(/0\.0\.0\.9 timeout 1h expires/);
    expect(text).toMatch(/0\.0\.0\.20-0\.0\.0\.30 expires .* comment "by hand"/);
    expect(text).toMatch(/0\.0\.0\.40-0\.0\.0\.49 timeout 2h expires 4\dm.* comment "über"/);
    expect(text).toContain('255.255.255.250-255.255.255.255 timeout 2h46m40s');
  });

  systemTest('what has expired is not read, and may be added again', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    await makeSets(network, { s: 'type ipv4_addr; flags interval,timeout;' });
    const short = { ...columnsOf([[5n, 9n], [20n, 29n]], 1), timeoutsMs: [80, 600_000] }; // prettier-ignore
    await driver.change([{ ...named('s', 1), add: short }]);
    const deadline = Date.now() + 5000;
    let found = await driver.read(named('s', 1));
    while (found.length > 1 && Date.now() < deadline) found = await driver.read(named('s', 1));
    expect(held(found)).toEqual([[20n, 29n]]);
    await driver.change([{ ...named('s', 1), add: columnsOf([[5n, 12n]], 1) }]);
    expect(held(await driver.read(named('s', 1)))).toEqual([[5n, 12n], [20n, 29n]]); // prettier-ignore
  });

  systemTest('counters and times of a hit set are read', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    await makeSets(network, {
      hits: 'type ipv4_addr; size 100; flags dynamic,timeout; timeout 1d; counter;',
      sixes: 'type ipv6_addr; elements = { ::5, 2001:db8::1 };',
    });
    await nft(
      network,
      `table inet t {
         chain input {
           type filter hook input priority 0;
           update @hits { ip saddr }
         }
       }`,
    );
    const sender = fileURLToPath(new URL('../helpers/send-from.mjs', import.meta.url));
    const input = '127.0.0.9\n127.0.0.7\n127.0.0.9\n127.0.0.9\n';
    await network.run(process.execPath, [sender, '127.0.0.1'], { input });
    const hits = await driver.read(named('hits', 1));
    const base = 0x7f000000n;
    expect(held(hits)).toEqual([1n, 7n, 9n].map((i) => [base + i, base + i]));
    expect([...hits.details.values()].map(({ packets }) => packets)).toEqual([1, 1, 3]);
    expect(hits.details.get(2)).toEqual({
      packets: 3,
      bytes: expect.any(Number),
      expirationMs: expect.any(Number),
    });
    expect(held(await driver.read(named('sixes', 4)))).toEqual(
      [5n, (0x20010db8n << 96n) + 1n].map((address) => [address, address]),
    );
  });

  systemTest('sets of something else are refused by name', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    await makeSets(network, {
      pairs: 'type ipv4_addr . inet_service; flags interval;',
      a: INTERVALS[1],
    });
    const message = async (set: string, words: 1 | 4): Promise<string> =>
      (await refusalOf(driver.read(named(set, words)))).message;
    expect(await message('pairs', 1)).toBe(
      'cannot read set pairs of table inet t: its elements have 8 bytes in several fields; ' +
        'expected ipv4_addr, 4',
    );
    expect(await message('a', 4)).toContain('its elements have 4 bytes; expected ipv6_addr, 16');
    expect(await message('nowhere', 4)).toContain('it does not exist');
  });
});
