import { expect, test } from 'vitest';

import { COUNTED, COUNTED_FIELDS } from '../../../src/dnsbl/answer/counters.js';
import { compileZones } from '../../../src/dnsbl/index/compile.js';
import { Statistics, statisticsLines } from '../../../src/dnsbl/server/statistics.js';
import { parseName } from '../../../src/dnsbl/wire/name.js';

const compiled = (...names: string[]) =>
  compileZones(
    names.map((name) => ({
      name: parseName(name) as Uint8Array,
      answers: [{ records: [], lists: [`list-${name}`] }],
      groups: [],
    })),
  );

test('sums over threads and generations, from the last reset on', () => {
  const statistics = new Statistics();
  const first = { number: 1, compiled: compiled('a.test', 'b.test') };
  const [one, two] = [statistics.countersFor(first), statistics.countersFor(first)];
  one.zones[COUNTED.listed] = 3;
  two.zones[COUNTED.listed] = 4;
  two.zones[COUNTED_FIELDS + COUNTED.nxdomain] = 5;
  // behind the last zone: what reached none
  one.zones[2 * COUNTED_FIELDS + COUNTED.errors] = 7;
  one.lists[0] = 3;
  two.lists[0] = 4;
  // the zones in another order
  const next = { number: 2, compiled: compiled('b.test', 'a.test') };
  const three = statistics.countersFor(next);
  three.zones[COUNTED.nxdomain] = 10;
  three.lists[1] = 1;

  const { zones, all, lists, sinceMs } = statistics.read();
  expect(zones.get('a.test')).toMatchObject({ listed: 7, nxdomain: 0 });
  expect(zones.get('b.test')).toMatchObject({ listed: 0, nxdomain: 15 });
  expect(all).toMatchObject({ listed: 7, nxdomain: 15, errors: 7 });
  expect([...lists]).toEqual([
    ['list-a.test', 8],
    ['list-b.test', 0],
  ]);
  expect(statisticsLines(statistics.read(), sinceMs + 61_500)).toEqual([
    'stats for 61secs zone a.test: tot=7 ok=7 nxd=0 err=0 in=0 out=0',
    'stats for 61secs zone b.test: tot=15 ok=0 nxd=15 err=0 in=0 out=0',
    'stats for 61sec: tot=29 ok=7 nxd=15 err=7 in=0 out=0',
    'stats for 61secs list list-a.test: listed=8',
    'stats for 61secs list list-b.test: listed=0',
  ]);

  statistics.reset();
  expect(statistics.read().all).toMatchObject({ listed: 0, nxdomain: 0, errors: 0 });
  three.zones[COUNTED.nxdomain] = 12;
  expect(statistics.read().zones.get('b.test')).toMatchObject({ nxdomain: 2 });
  expect(statistics.read().lists.get('list-a.test')).toBe(0);
});

test('counters of zones that were replaced become sums, and nothing is lost', async () => {
  const statistics = new Statistics();
  for (let number = 1; number <= 40; number++) {
    const counters = statistics.countersFor({ number, compiled: compiled('a.test') });
    counters.zones[COUNTED.listed] = 1;
    if (number % 10 === 0) await new Promise((go) => setTimeout(go, 700));
    expect(statistics.read().all.listed).toBe(number);
  }
});
